//! Who is to hear of what: from a feed (or an object) to the connections that listen to it.
//!
//! A commit wakes only those, whatever the number of connections. A listener costs four bytes for each thing
//! it listens to, since 10,000 connections with 2,000 wants each are 20 million of them; so connections are
//! numbered by seats, and who leaves is not looked for in every list: its seat stays empty until more
//! empty places than taken ones stand in the lists, and then all are swept at once. Source: spec/gossip.md,
//! "push".

use std::collections::BTreeMap;

use klatch_gossip::link::LinkId;

/// A list that grows gets room for this part of it.
const SPARE: usize = 8;

/// Connections by what they listen to.
#[derive(Debug)]
pub(super) struct Audience<K> {
    /// Seats in ascending order, those of who left included.
    lists: BTreeMap<K, Vec<u32>>,
    /// Who sits where; `None` = left, not swept yet, or free.
    seats: Vec<Option<LinkId>>,
    taken: BTreeMap<LinkId, Seat>,
    /// Seats that stand in no list.
    free: Vec<u32>,
    /// Places in lists, those of who left included, and of who left.
    places: usize,
    empty: usize,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    at: u32,
    /// How many lists it stands in.
    listens: u32,
}

impl<K> Default for Audience<K> {
    fn default() -> Self {
        Self {
            lists: BTreeMap::new(),
            seats: Vec::new(),
            taken: BTreeMap::new(),
            free: Vec::new(),
            places: 0,
            empty: 0,
        }
    }
}

impl<K: Copy + Ord> Audience<K> {
    /// `link` listens to all of `add` from here on, and to none of `del`.
    pub(super) fn listen(&mut self, link: LinkId, add: &[K], del: &[K]) {
        let Seat { at, mut listens } = self.taken.get(&link).copied().unwrap_or_else(|| self.sit(link));
        for key in add {
            let list = self.lists.entry(*key).or_default();
            if let Err(place) = list.binary_search(&at) {
                if list.len() == list.capacity() {
                    // Not twice as much: 10,000 connections with the same wants fill such lists, and nothing else.
                    list.reserve_exact(1 + list.len() / SPARE);
                }
                list.insert(place, at); // The last place for who came last, as most often.
                listens += 1;
                self.places += 1;
            }
        }
        for key in del {
            let Some(list) = self.lists.get_mut(key) else { continue };
            if let Ok(place) = list.binary_search(&at) {
                list.remove(place);
                listens -= 1;
                self.places -= 1;
                if list.is_empty() {
                    self.lists.remove(key);
                }
            }
        }
        self.taken.insert(link, Seat { at, listens });
    }

    /// `link` is gone.
    pub(super) fn leave(&mut self, link: LinkId) {
        let Some(Seat { at, listens }) = self.taken.remove(&link) else { return };
        self.seats[at as usize] = None;
        if listens == 0 {
            self.free.push(at);
        }
        self.empty += listens as usize;
        if self.empty * 2 > self.places {
            self.sweep();
        }
    }

    /// Who listens to `key`, in no order that means anything.
    pub(super) fn of(&self, key: &K) -> impl Iterator<Item = LinkId> + '_ {
        let list = self.lists.get(key).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|at| self.seats[*at as usize])
    }

    fn sit(&mut self, link: LinkId) -> Seat {
        let at = self.free.pop().unwrap_or_else(|| {
            self.seats.push(None);
            u32::try_from(self.seats.len() - 1).expect("there are fewer open files than 2^32")
        });
        self.seats[at as usize] = Some(link);
        Seat { at, listens: 0 }
    }

    /// Takes who left out of all lists.
    fn sweep(&mut self) {
        let seats = &self.seats;
        self.lists.retain(|_, list| {
            list.retain(|at| seats[*at as usize].is_some());
            list.shrink_to(list.len() + list.len() / SPARE);
            !list.is_empty()
        });
        self.places -= self.empty;
        self.empty = 0;
        let all = 0..u32::try_from(seats.len()).expect("as above");
        self.free = all.rev().filter(|at| seats[*at as usize].is_none()).collect(); // The first is taken first.
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(audience: &Audience<u8>, key: u8) -> Vec<u64> {
        let mut links: Vec<u64> = audience.of(&key).map(|link| link.0).collect();
        links.sort_unstable();
        links
    }

    #[test]
    fn only_those_who_listen_to_a_feed_hear_of_it() {
        let mut audience = Audience::default();
        audience.listen(LinkId(1), &[7, 8], &[]);
        audience.listen(LinkId(2), &[8], &[]);
        audience.listen(LinkId(2), &[9, 8], &[]);
        assert_eq!((of(&audience, 7), of(&audience, 8), of(&audience, 9)), (vec![1], vec![1, 2], vec![2]));
        audience.listen(LinkId(1), &[], &[8, 9]);
        assert_eq!((of(&audience, 7), of(&audience, 8), of(&audience, 9)), (vec![1], vec![2], vec![2]));
        audience.leave(LinkId(2));
        audience.leave(LinkId(2));
        assert_eq!((of(&audience, 7), of(&audience, 8), of(&audience, 9)), (vec![1], vec![], vec![]));
    }

    #[test]
    fn a_place_that_became_free_never_leads_to_who_sits_there_next() {
        let mut audience = Audience::default();
        audience.listen(LinkId(1), &[1], &[]);
        audience.listen(LinkId(2), &[1, 2, 3], &[]);
        audience.leave(LinkId(1)); // One empty place of four: not swept yet.
        audience.listen(LinkId(3), &[4], &[]);
        assert_eq!(of(&audience, 1), [2]);
        audience.leave(LinkId(2));
        audience.listen(LinkId(5), &[5], &[]);
        assert_eq!((of(&audience, 1), of(&audience, 4), of(&audience, 5)), (vec![], vec![3], vec![5]));
    }

    /// Ten thousand reconnect again and again: what is kept follows those who are here.
    #[test]
    fn what_is_kept_follows_who_is_here_however_many_have_been() {
        let (crowd, wants) = (1_000_u64, 20_u8);
        let keys: Vec<u8> = (0..wants).collect();
        let mut audience = Audience::default();
        for round in 0..50 {
            for n in 0..crowd {
                audience.listen(LinkId(round * crowd + n), &keys, &[]);
            }
            assert_eq!(audience.of(&3).count(), crowd as usize, "round {round}");
            (0..crowd).for_each(|n| audience.leave(LinkId(round * crowd + n)));
        }
        assert!(audience.seats.len() <= 2 * crowd as usize, "{}", audience.seats.len());
        assert!(audience.lists.is_empty());
    }

    /// The same answers as the plainest form gives, over a long series of comings and goings.
    #[test]
    fn it_answers_as_a_set_of_pairs_does() {
        let (mut audience, mut pairs) = (Audience::default(), BTreeSet::new());
        let mut random = 1_u64;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..20_000 {
            let (link, key) = (draw(40), draw(12) as u8);
            match draw(4) {
                0 => {
                    audience.leave(LinkId(link));
                    pairs.retain(|&(other, _)| other != link);
                }
                1 => {
                    audience.listen(LinkId(link), &[], &[key]);
                    pairs.remove(&(link, key));
                }
                _ => {
                    audience.listen(LinkId(link), &[key], &[]);
                    pairs.insert((link, key));
                }
            }
            let expected: Vec<u64> = pairs.iter().filter(|pair| pair.1 == key).map(|pair| pair.0).collect();
            assert_eq!(of(&audience, key), expected);
        }
    }
}
