//! Feeds that are not lost and not forked: backups, restores, recovery words, two copies of one home.

use redb::ReadableTable;
use serde_json::Value;

use crate::person::{Network, Person, Up, eventually};
use crate::succession::succeeds;

/// A pub that keeps what its members post, and a way in for each.
pub(crate) struct Pub {
    pub(crate) operator: Person,
    pub(crate) up: Up,
}

impl Pub {
    pub(crate) fn new(network: &Network) -> Self {
        let operator = network.person("pub");
        let up =
            operator.up(&["pub", "up", "--public", "127.0.0.1:1", "--lan", "off", "--listen", "127.0.0.1:0"]);
        Self { operator, up }
    }

    fn address(&self) -> String {
        self.up.address().to_owned()
    }

    /// What is needed to dial it.
    pub(crate) fn place(&self) -> String {
        format!("{}@{}", self.operator.feed, self.address())
    }

    /// Makes `person` a member, whose node runs.
    pub(crate) fn takes_in(&self, person: &Person) {
        let invite = self.operator.json(&["pub", "invite"])["invite"].as_str().unwrap().to_owned();
        let invite = invite.replace("127.0.0.1:1", &self.address());
        person.json(&["join", &invite]);
    }

    fn holds(&self, person: &Person, entries: u64) {
        let log = || self.operator.run(&["log", &person.feed, "--json"]);
        eventually("the pub holds the log", || {
            let lines: Value = serde_json::from_slice(&log().stdout).ok()?;
            (lines.as_array()?.len() as u64 == entries).then_some(())
        });
    }
}

const QUICK: [&str; 7] = ["up", "--lan", "off", "--listen", "127.0.0.1:0", "--settle-ms", "300"];

fn posts(person: &Person, title: &str) -> String {
    person.json(&["group", "create", title])["id"].as_str().unwrap().to_owned()
}

fn entries(person: &Person) -> u64 {
    person.json(&["id"])["entries"].as_u64().unwrap()
}

fn recovery(person: &Person) -> Value {
    person.json(&["recover"])
}

fn on(person: &Person) {
    eventually("posting goes on", || (recovery(person)["posting"] == "on").then_some(()));
}

/// Somebody who follows `whom`, and holds their log of so many entries.
fn follower(network: &Network, name: &'static str, whom: &Person, place: &str, count: u64) -> (Person, Up) {
    let person = network.person(name);
    let up = person.alone();
    person.json(&["follow", &whom.feed]);
    person.json(&["peer", "add", place]);
    follows(&person, whom, count);
    (person, up)
}

/// Waits until `person` holds so much of `whom`, who did not fork.
fn follows(person: &Person, whom: &Person, count: u64) {
    eventually("the log comes", || {
        let lines = person.json(&["follows"]);
        let line =
            lines.as_array().unwrap().iter().find(|line| line["feed"] == whom.feed.as_str()).cloned()?;
        assert_eq!(line["cap"], Value::Null, "no fork");
        (line["entries"] == count).then_some(())
    });
}

/// Ana with a pub, Ben who follows her, four entries, and a backup that is two entries old.
struct Day {
    home: Pub,
    ana: Person,
    ben: Person,
    ben_up: Up,
    backup: String,
    _network: Network,
}

impl Day {
    fn passes() -> Self {
        let network = Network::new();
        let home = Pub::new(&network);
        let ana = network.person("ana");
        let up = ana.alone();
        home.takes_in(&ana);
        let backup = ana.home().join("../ana.backup").display().to_string();
        let made = ana.json(&["backup", &backup]);
        assert_eq!(made["entries"], 2, "while the node runs");
        posts(&ana, "after the backup");
        posts(&ana, "and another");
        home.holds(&ana, 4);
        let place = format!("{}@{}", ana.feed, up.address());
        let (ben, ben_up) = follower(&network, "ben", &ana, &place, 4);
        up.stop();
        Self { home, ana, ben, ben_up, backup, _network: network }
    }

    /// Meets the pub and Ben, and posts once that is allowed; nobody sees a fork.
    fn goes_on(&self, ana: &Person) {
        let refused = ana.refused(&["group", "create", "too early"]);
        assert!(refused.contains("klatch up") && refused.contains("fork your log"), "{refused}");
        let up = ana.up(&QUICK);
        let view = recovery(ana);
        assert_eq!(view["posting"], "recovering", "{view}");
        let refused = ana.refused(&["group", "create", "too early"]);
        assert!(refused.contains("klatch recover"), "{refused}");
        ana.json(&["peer", "add", &self.home.place()]);
        let ben = self.ben_up.address();
        ana.json(&["peer", "add", &format!("{}@{ben}", self.ben.feed)]);
        on(ana);
        assert_eq!(entries(ana), 4, "all that was posted since is back");
        posts(ana, "after all that");
        follows(&self.ben, ana, 5);
        self.home.holds(ana, 5);
        up.stop();
        assert_eq!(ana.json(&["id"])["held"], Value::Null);
    }
}

#[test]
fn a_day_old_backup_comes_back_and_nothing_forks() {
    let day = Day::passes();
    let new = day.ana.moved("new");
    let back = new.json(&["restore", &day.backup]);
    assert_eq!((&back["feed"], &back["entries"]), (&Value::from(day.ana.feed.as_str()), &Value::from(2)));
    let taken = new.refused(&["restore", &day.backup]);
    assert!(taken.contains("already holds an identity"), "{taken}");
    let exists = day.ana.refused(&["backup", &day.backup]);
    assert!(exists.contains("never overwrites"), "{exists}");
    new.json(&["peer", "home", &day.home.operator.feed]);
    day.goes_on(&new);
}

#[test]
fn an_older_database_without_a_witness_recovers_as_well() {
    let day = Day::passes();
    let new = day.ana.moved("new");
    new.json(&["restore", &day.backup]);
    // A home that was copied by hand, and not all of it.
    std::fs::copy(new.home().join("klatch.redb"), day.ana.home().join("klatch.redb")).unwrap();
    std::fs::remove_file(day.ana.home().join("head.witness")).unwrap();
    day.ana.json(&["peer", "home", &day.home.operator.feed]);
    day.goes_on(&day.ana);
}

#[test]
fn a_home_whose_witness_is_gone_recovers_by_the_users_word_where_only_one_node_is_left() {
    let day = Day::passes();
    day.home.up.stop();
    std::fs::remove_file(day.ana.home().join("head.witness")).unwrap();
    let refused = day.ana.refused(&["group", "create", "too early"]);
    assert!(refused.contains("head.witness is missing"), "{refused}");
    let up = day.ana.up(&QUICK);
    assert_eq!(recovery(&day.ana)["confirmed"], serde_json::json!([]));
    let early = day.ana.refused(&["recover", "--accept-head", "4"]);
    assert!(early.contains("nobody who holds your log was met"), "{early}");
    let ben = day.ben_up.address();
    day.ana.json(&["peer", "add", &format!("{}@{ben}", day.ben.feed)]);
    let view = eventually("Ben has confirmed", || {
        let view = recovery(&day.ana);
        (view["accept_in_ms"] == 0).then_some(view)
    });
    assert_eq!(
        (&view["posting"], &view["last"]["seq"]),
        (&Value::from("recovering"), &Value::from(4)),
        "{view}"
    );
    let other = day.ana.refused(&["recover", "--accept-head", "3"]);
    assert!(other.contains("4 entries"), "another entry than the one shown: {other}");
    day.ana.json(&["recover", "--accept-head", "4"]);
    posts(&day.ana, "after all that");
    follows(&day.ben, &day.ana, 5);
    up.stop();
}

#[test]
fn two_copies_that_both_posted_are_told_and_neither_loses_what_it_wrote() {
    let network = Network::new();
    let ana = network.person("ana");
    posts(&ana, "before the copy");
    // As a disk image does it: log, witness and key together, so that nothing shows.
    let twin = ana.copied("twin");
    posts(&ana, "here");
    posts(&twin, "there");
    let (one, two) = (ana.up(&QUICK), twin.up(&QUICK));
    let ben = network.person("ben");
    let ben_up = ben.alone();
    ben.json(&["follow", &ana.feed]);
    // They meet through Ben, who holds what one of them posted.
    for copy in [&ana, &twin] {
        copy.json(&["peer", "add", &format!("{}@{}", ben.feed, ben_up.address())]);
    }
    for (copy, title) in [(&ana, "here"), (&twin, "there")] {
        let view = eventually("both are told", || {
            let view = recovery(copy);
            (view["posting"] == "forked").then_some(view)
        });
        assert!(view["why"].as_str().unwrap().contains("agree on the first 3 entries"), "{view}");
        let refused = copy.refused(&["group", "create", "more"]);
        assert!(refused.contains("forked"), "{refused}");
        assert_eq!(entries(copy), 3, "what both agree on still counts");
        assert_eq!(copy.json(&["verify"])["entries"], 4, "its own branch stays here");
        let groups = copy.json(&["group", "list"]);
        let names: Vec<_> = groups.as_array().unwrap().iter().map(|group| &group["name"]).collect();
        assert!(names.contains(&&Value::from(title)), "a group outlives its founder's fork: {names:?}");
    }
    let line = &ben.json(&["follows"])[0];
    assert_eq!(line["cap"], 3, "{line}");
    for args in [&["follows"][..], &["log", &ana.feed]] {
        let shown = ben.run(args);
        let shown = [shown.stdout, shown.stderr].concat();
        let shown = String::from_utf8(shown).unwrap();
        for part in
            ["forked after entry 3: entries 1 to 3 count, nothing later", "two copies of one home", "new key"]
        {
            assert!(shown.contains(part), "klatch {args:?} says {part:?}: {shown}");
        }
    }
    one.stop();
    two.stop();
}

/// Two running copies with nobody else there: the first sees the second on the LAN, or is told where it is.
#[test]
fn two_copies_that_run_at_once_meet_and_both_are_told() {
    for by_address in [false, true] {
        let network = Network::new();
        let ana = network.person("ana");
        posts(&ana, "before the copy");
        let twin = ana.copied("twin");
        let mut quick = QUICK;
        if !by_address {
            quick[2] = "loopback";
        }
        let (one, two) = (ana.up(&quick), twin.up(&quick));
        if by_address {
            ana.json(&["peer", "add", &format!("{}@{}", ana.feed, two.address())]);
        }
        for copy in [&ana, &twin] {
            let view = eventually("both are told", || {
                let view = recovery(copy);
                (view["twin"] == true).then_some(view)
            });
            assert_eq!(view["posting"], "on", "nothing differs yet: {view}");
            let said = String::from_utf8(copy.run(&["recover"]).stdout).unwrap();
            assert!(said.contains("another node runs with your key"), "{said}");
        }
        posts(&ana, "on one of them");
        let view = eventually("the other has it and stops", || {
            let view = recovery(&twin);
            (view["posting"] == "recovering" && view["entries"] == 4).then_some(view)
        });
        assert!(view["why"].as_str().unwrap().contains("another copy of this home posted"), "{view}");
        assert_eq!(view["twin"], true, "it does not end as long as the other runs: {view}");
        one.stop();
        two.stop();
    }
}

#[test]
fn two_copies_that_forked_find_it_out_by_themselves() {
    let network = Network::new();
    let ana = network.person("ana");
    posts(&ana, "before the copy");
    let twin = ana.copied("twin");
    posts(&ana, "here");
    posts(&twin, "there");
    let (one, two) = (ana.on_lan(), twin.on_lan());
    for copy in [&ana, &twin] {
        let view = eventually("both are told", || {
            let view = recovery(copy);
            (view["posting"] == "forked").then_some(view)
        });
        assert!(view["why"].as_str().unwrap().contains("agree on the first 3 entries"), "{view}");
        assert_eq!(copy.json(&["verify"])["entries"], 4, "its own branch stays here");
    }
    one.stop();
    two.stop();
}

#[test]
fn a_copy_that_fell_behind_takes_what_the_other_posted_and_posts_nothing_meanwhile() {
    let network = Network::new();
    let ana = network.person("ana");
    let old = ana.copied("old");
    posts(&ana, "on the new machine");
    let up = ana.alone();
    let (ben, ben_up) = follower(&network, "ben", &ana, &format!("{}@{}", ana.feed, up.address()), 3);
    up.stop();
    let up = old.up(&QUICK);
    old.json(&["peer", "add", &format!("{}@{}", ben.feed, ben_up.address())]);
    let view = eventually("it learns that it is behind", || {
        let view = recovery(&old);
        (view["posting"] == "recovering").then_some(view)
    });
    assert!(view["why"].as_str().unwrap().contains("another copy of this home posted"), "{view}");
    old.refused(&["group", "create", "would fork"]);
    eventually("it has all", || (entries(&old) == 3).then_some(()));
    assert!(old.json(&["id"])["held"].as_str().unwrap().contains("klatch recover"));
    drop((up, ben_up));
    follows(&ben, &ana, 3);
}

#[test]
fn recovery_words_alone_bring_everything_back_on_an_empty_machine() {
    let network = Network::new();
    let home = Pub::new(&network);
    let ana = network.person("ana");
    let up = ana.alone();
    home.takes_in(&ana);
    posts(&ana, "Tea");
    home.holds(&ana, 3);
    let place = format!("{}@{}", ana.feed, up.address());
    let (ben, ben_up) = follower(&network, "ben", &ana, &place, 3);
    up.stop();

    let new = ana.moved("new");
    let odd = new.typed(&["init", "--recover", "--network", &network.file()], "one two three\n");
    assert_eq!(odd.status.code(), Some(2), "not 24 words");
    let made = new
        .typed(&["init", "--recover", "--network", &network.file(), "--json"], &format!("{}\n", ana.words));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["feed"], ana.feed.as_str());
    for file in std::fs::read_dir(new.home()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let first = ana.words.split(' ').take(3).collect::<Vec<_>>().join(" ");
        assert!(
            !bytes.windows(first.len()).any(|window| window == first.as_bytes()),
            "the words are not kept"
        );
    }
    let up = new.up(&QUICK);
    assert_eq!(recovery(&new)["posting"], "recovering");
    new.refused(&["group", "create", "too early"]);
    new.json(&["peer", "add", &home.place()]);
    new.json(&["peer", "home", &home.operator.feed]);
    new.json(&["peer", "add", &format!("{}@{}", ben.feed, ben_up.address())]);
    on(&new);
    assert_eq!(entries(&new), 3);
    assert_eq!(new.json(&["id"])["name"], "ana");
    posts(&new, "after all that");
    follows(&ben, &new, 4);
    up.stop();
}

/// Place and words of what is held of a log and does not count.
fn aside(person: &Person, feed: &str) -> Vec<(u64, String)> {
    let lines = person.json(&["log", feed]);
    let aside = lines.as_array().unwrap().iter().filter(|line| line["aside"] == true);
    let line = |line: &Value| (line["seq"].as_u64().unwrap(), line["what"].as_str().unwrap().to_owned());
    aside.map(line).collect()
}

/// Both copies of a home go on apart from each other: that ends as one log all the same, and nobody types words for
/// nothing.
#[test]
fn a_fork_that_both_copies_leave_by_themselves_ends_under_one_key() {
    ends_under_one_key(["3", "3"]);
}

#[test]
fn a_fork_that_one_copy_leaves_with_its_branch_and_the_other_without_ends_under_the_former() {
    ends_under_one_key(["3", "2"]);
}

#[test]
fn a_fork_that_both_copies_leave_with_what_both_have_ends_under_one_key() {
    ends_under_one_key(["2", "2"]);
}

/// How `person` follows the key of `whom`, if they do.
fn follows_now(person: &Person, whom: &Person) -> Option<Value> {
    let lines = person.json(&["follows"]);
    lines.as_array().unwrap().iter().find(|line| line["feed"] == whom.feed.as_str()).cloned()
}

/// `keeps`: what each copy keeps; two entries are on both.
fn ends_under_one_key(keeps: [&str; 2]) {
    let network = Network::new();
    let ana = network.person("ana");
    let up = ana.alone();
    assert!(ana.refused(&["succeed"]).contains("in use"), "before any word is typed");
    up.stop();
    let (mut ana, mut twin) = (ana.copied("here"), ana.copied("there"));
    posts(&ana, "here");
    posts(&twin, "there");
    let meet = |ana: &Person, twin: &Person, posting: [&str; 2]| {
        let (one, two) = (ana.on_lan(), twin.on_lan());
        for (copy, posting) in [ana, twin].into_iter().zip(posting) {
            eventually("both are told", || (recovery(copy)["posting"] == posting).then_some(()));
        }
        (one, two)
    };
    drop(meet(&ana, &twin, ["forked", "forked"]));
    let refused = ana.refused(&["succeed"]);
    assert!(refused.contains("--keep 3") && refused.contains("--keep 2"), "without words: {refused}");
    for (copy, said) in [(&ana, "here"), (&twin, "there")] {
        let aside = aside(copy, &ana.feed);
        assert!(matches!(&aside[..], [(3, what)] if what.contains(said)), "its owner reads it: {aside:?}");
    }
    // Each says something under its new key.
    let old = ana.feed.clone();
    let mut groups = std::collections::BTreeMap::new();
    for (copy, keep) in [&mut ana, &mut twin].into_iter().zip(keeps) {
        succeeds(copy, &["--keep", keep]);
        let group = posts(copy, "under the new key");
        copy.json(&["comment", &group, "a word of somebody"]);
        groups.insert(copy.feed.clone(), group);
    }
    assert!(ana.feed != twin.feed && ana.feed != old && twin.feed != old);
    let key = |person: &Person| person.feed.parse::<klatch_feed::FeedId>().unwrap();
    let is_anas = keeps[1] < keeps[0] || (keeps[0] == keeps[1] && key(&ana) < key(&twin));
    let (counts, other) = if is_anas { (&ana, &mut twin) } else { (&twin, &mut ana) };
    // Who holds nothing of either sees one of the two, whichever it hears of first.
    let ben = network.person("ben");
    let ben_up = ben.alone();
    ben.json(&["follow", &old]);
    for copy in [&*other, counts] {
        let up = copy.alone();
        copy.json(&["peer", "add", &format!("{}@{}", ben.feed, ben_up.address())]);
        eventually("Ben follows the copy", || follows_now(&ben, copy).filter(|line| line["entries"] == 4));
        up.stop();
    }
    eventually("Ben has the branch that counts", || {
        let keep: u64 = keeps.iter().max().unwrap().parse().unwrap();
        let is_whole =
            |line: &Value| line["before"][0]["feed"] == *old && line["before"][0]["entries"] == keep;
        follows_now(&ben, counts).filter(is_whole)
    });
    eventually("Ben follows the other key no more", || follows_now(&ben, other).is_none().then_some(()));
    let named = ben.json(&["log", "ana"]);
    assert_eq!(
        named[0]["id"],
        counts.json(&["log"])[0]["id"],
        "one person has the name, by the key that counts"
    );
    let shown = |of: &Person| {
        let shown = ben.run(&["group", "show", &groups[&of.feed]]).stdout;
        String::from_utf8(shown).unwrap().contains("a word of somebody")
    };
    assert!(shown(counts) && !shown(other), "what the other key says is nobody's word");
    assert_eq!(aside(&ben, &old), [], "of somebody else's log only what counts is shown");
    let (one, two) = meet(counts, other, ["on", "succeeded"]);
    let said = other.json(&["id"])["held"].as_str().unwrap().to_owned();
    assert!(said.contains(&counts.feed) && said.contains("the other key's"), "{said}");
    assert!(other.refused(&["group", "create", "more"]).contains("klatch succeed"));
    posts(counts, "and goes on");
    two.stop();
    assert_eq!(succeeds(other, &[]).get("keep"), None, "it comes along");
    assert_eq!(other.feed, counts.feed);
    one.stop();
    // From the words alone, the key that counts is found.
    let mut new = other.moved("new");
    let words = format!("{}\n", new.words);
    let back = new.typed(&["init", "--recover", "--network", &network.file(), "--json"], &words);
    assert!(back.status.success());
    let up = new.up(&QUICK);
    new.json(&["peer", "add", &format!("{}@{}", ben.feed, ben_up.address())]);
    eventually("it hears of the new key", || (recovery(&new)["posting"] == "succeeded").then_some(()));
    up.stop();
    succeeds(&mut new, &[]);
    assert_eq!(new.feed, counts.feed);
    ben_up.stop();
}

#[test]
fn who_goes_on_is_who_they_were_at_the_entry_that_is_kept_and_can_read_the_rest() {
    let network = Network::new();
    let ana = network.person("ana");
    posts(&ana, "both have this");
    ana.json(&["profile", "--name", "Ana of tea"]);
    let mut one = ana.moved("ana");
    posts(&one, "here");
    one.json(&["profile", "--name", "Ana here"]);
    succeeds(&mut one, &["--keep", "4"]);
    assert_eq!(entries(&one), 2);
    assert_eq!(one.json(&["id"])["name"], "Ana of tea");
    let left: Vec<_> = aside(&one, &ana.feed).into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(left, [5, 6], "what was not kept can be read");
    let lines = String::from_utf8(one.run(&["log", &ana.feed]).stdout).unwrap();
    assert!(lines.lines().any(|line| line.contains("does not count") && line.contains("here")), "{lines}");
    let page = one.json(&["log", &ana.feed, "--after", "3", "--max", "2"]);
    let page: Vec<_> = page.as_array().unwrap().iter().map(|line| line["seq"].clone()).collect();
    assert_eq!(page, [4, 5]);
    let others = one.typed(&["succeed", "--keep", "2"], &network.person("ben").words);
    assert!(String::from_utf8(others.stderr).unwrap().contains("another identity"), "whose words they are");
}

/// Changes one byte of what was stored of a feed that says `words`.
pub(crate) fn damages(person: &Person, words: &str) {
    let database = redb::Database::open(person.home().join("klatch.redb")).unwrap();
    let tx = database.begin_write().unwrap();
    {
        let mut runs = tx.open_table(redb::TableDefinition::<u64, &[u8]>::new("runs")).unwrap();
        let found = runs.iter().unwrap().find_map(|row| {
            let (key, run) = row.unwrap();
            let at = run.value().windows(words.len()).position(|part| part == words.as_bytes())?;
            Some((key.value(), run.value().to_vec(), at))
        });
        let (key, mut run, at) = found.unwrap();
        run[at] ^= 1;
        runs.insert(key, &run[..]).unwrap();
    }
    tx.commit().unwrap();
}

#[test]
fn a_damaged_home_is_said_to_be_so_when_it_is_backed_up_and_what_a_rebuild_drops_is_listed() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    posts(&ben, "Tea of Ben");
    let up = ben.alone();
    let (ana, ana_up) = {
        let ana_up = ana.alone();
        ana.json(&["follow", &ben.feed]);
        ana.json(&["peer", "add", &format!("{}@{}", ben.feed, up.address())]);
        follows(&ana, &ben, 3);
        (ana, ana_up)
    };
    ana_up.stop();
    let file = |name: &str| ana.home().with_file_name(name).display().to_string();
    assert_eq!(ana.json(&["backup", &file("whole")])["problems"], serde_json::json!([]));
    damages(&ana, "Tea of Ben");
    assert!(ana.refused(&["log", &ben.feed]).contains("klatch verify"), "where a command meets it");
    let said = ana.run(&["backup", &file("damaged")]);
    assert_eq!(said.status.code(), Some(1));
    let (lines, error) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(lines.starts_with("damaged ") && lines.contains("klatch rebuild"), "{lines}");
    assert!(error.contains("as damaged as the home") && error.contains("keep the backups"), "{error}");
    assert!(ana.home().with_file_name("damaged").exists(), "it is made all the same");
    let rebuilt = ana.json(&["rebuild"]);
    let dropped = &rebuilt["dropped"][0];
    assert_eq!((&dropped["feed"], &dropped["entries"]), (&Value::from(ben.feed.as_str()), &Value::from(3)));
    assert_eq!(ana.json(&["rebuild"])["dropped"], serde_json::json!([]));
    let hint = String::from_utf8(ana.run(&["rebuild"]).stderr).unwrap();
    assert!(hint.contains("klatch verify"), "it looks at no entry of one's own: {hint}");
    let ana_up = ana.alone();
    follows(&ana, &ben, 3);
    ana_up.stop();
    up.stop();
}
