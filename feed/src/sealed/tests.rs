use super::*;
use crate::post::READERS_MAX;

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

/// Everything that a text is bound to.
struct Bound {
    net: NetId,
    author: FeedId,
    event: EntryId,
    occ: Option<&'static str>,
    purpose: Purpose,
}

impl Bound {
    fn new() -> Self {
        let (net, author, event) = (NetId::of_name("test"), key(1).feed(), EntryId::new([9; 32]));
        Self { net, author, event, occ: None, purpose: Purpose::Answers }
    }
    fn place(&self) -> Place<'_> {
        let Self { net, author, event, occ, purpose } = self;
        Place { net, author, event, occ: *occ, purpose: *purpose }
    }
}

/// The keys of the readers, and the box.
type Parts = (Vec<([u8; 8], [u8; 80])>, Vec<u8>);

fn parts(post: Post) -> Parts {
    let Post::Sealed { keys, sealed, .. } = post else { panic!("another kind") };
    (keys, sealed)
}

fn sealed(text: &str) -> Parts {
    let readers = [1, 2, 3].map(|n| key(n).feed());
    parts(seal(Bound::new().place(), text, &readers, &[5; 32]).unwrap())
}

#[test]
fn each_reader_opens_it_and_nobody_else() {
    let (keys, sealed) = sealed("Rua 1, third floor");
    for n in 1..=3 {
        let opened = open(Bound::new().place(), &keys, &sealed, &key(n));
        assert_eq!(opened, Ok(Some("Rua 1, third floor".to_owned())), "reader {n}");
    }
    assert_eq!(open(Bound::new().place(), &keys, &sealed, &key(4)), Ok(None));
}

#[test]
fn it_opens_at_its_place_alone() {
    let (keys, sealed) = sealed("no nuts");
    let bound = Bound::new;
    let elsewhere = [
        Bound { net: NetId::of_name("other"), ..bound() },
        Bound { author: key(2).feed(), ..bound() },
        Bound { event: EntryId::new([8; 32]), ..bound() },
        Bound { occ: Some("2026-12-03T18:30"), ..bound() },
        Bound { purpose: Purpose::Feedback, ..bound() },
    ];
    for place in &elsewhere {
        assert_eq!(open(place.place(), &keys, &sealed, &key(2)), Err(OpenError));
    }
}

#[test]
fn a_changed_byte_anywhere_does_not_open() {
    let (keys, sealed) = sealed("no nuts");
    for at in 0..80 {
        let mut keys = keys.clone();
        keys[1].1[at] ^= 1;
        assert_eq!(open(Bound::new().place(), &keys, &sealed, &key(2)), Err(OpenError), "byte {at}");
    }
    for at in [0, 31, 32, 255, 256, 271] {
        let mut sealed = sealed.clone();
        sealed[at] ^= 1;
        assert_eq!(open(Bound::new().place(), &keys, &sealed, &key(2)), Err(OpenError), "byte {at}");
    }
    for short in [vec![], vec![0; 16], sealed[..271].to_vec()] {
        assert_eq!(open(Bound::new().place(), &keys, &short, &key(2)), Err(OpenError));
    }
}

#[test]
fn size_tells_of_the_text_which_of_four_it_fits() {
    for (bytes, size) in
        [(1, 272), (224, 272), (225, 528), (480, 528), (481, 1040), (992, 1040), (993, 2064), (2000, 2064)]
    {
        let (keys, sealed) = sealed(&"x".repeat(bytes));
        assert_eq!(sealed.len(), size, "{bytes} bytes");
        assert_eq!(open(Bound::new().place(), &keys, &sealed, &key(3)).unwrap().unwrap().len(), bytes);
    }
    let seal = |text: &str, readers: &[FeedId]| seal(Bound::new().place(), text, readers, &[5; 32]);
    let readers = [key(1).feed()];
    for text in [String::new(), "x".repeat(TEXT_BYTES_MAX + 1), "a\0b".to_owned(), "\u{1b}[2J".to_owned()] {
        assert_eq!(seal(&text, &readers).unwrap_err().field, "text", "{} bytes", text.len());
    }
    let many: Vec<_> = (0..=READERS_MAX).map(|n| SecretKey::from_seed(&[n as u8; 32]).feed()).collect();
    assert!(seal("x", &many[..READERS_MAX]).is_ok());
    assert_eq!(seal("x", &many).unwrap_err().field, "keys");
    assert_eq!(seal("x", &[]).unwrap_err().field, "keys");
}

#[test]
fn what_is_sealed_in_another_form_does_not_open() {
    let form = |plain: &[u8]| {
        let (bound, mut random) = (Bound::new(), ChaCha20Rng::from_seed([6; 32]));
        let (info, key_of_text) = (bound.place().info(), [7; 32]);
        let reader = PublicKey::parse(&key(2).feed()).unwrap().sealing_key();
        let keys = vec![(first8(&key(2).feed()), wrap(&reader, &info, &key_of_text, &mut random))];
        let mut sealed = plain.to_vec();
        let cipher = ChaCha20Poly1305::new(&key_of_text.into());
        cipher.encrypt_in_place(&[0; 12].into(), &info, &mut sealed).unwrap();
        open(bound.place(), &keys, &sealed, &key(2))
    };
    let plain = |text: &[u8], size: usize| {
        let mut plain = [&[0; ZEROS], text].concat();
        plain.resize(size, 0);
        plain
    };
    assert_eq!(form(&plain(b"x", 256)), Ok(Some("x".to_owned())), "the one form");
    let mut not_zero = plain(b"x", 256);
    not_zero[31] = 1;
    for (what, plain) in [
        ("bytes before the text that are not zero", not_zero),
        ("a size that is none", plain(b"x", 255)),
        ("a larger size than is needed", plain(b"x", 512)),
        ("no text", plain(b"", 256)),
        ("a text with a zero within", plain(b"a\0b", 256)),
        ("not text", plain(b"\xff", 256)),
        ("an escape", plain(b"\x1b[2J", 256)),
        ("one byte more than a text has", plain(&[b'x'; 2001], 2048)),
        ("nothing", vec![]),
    ] {
        assert_eq!(form(&plain), Err(OpenError), "{what}");
    }
    assert!(form(&plain(&[b'x'; 2000], 2048)).is_ok());
}

#[test]
fn a_reader_that_cannot_be_is_passed_over() {
    let mut twin = *key(2).feed().as_bytes();
    // Of all feeds with these first 8 bytes the first given is meant.
    while PublicKey::parse(&FeedId::new(twin)).is_err() || twin == *key(2).feed().as_bytes() {
        twin[20] = twin[20].wrapping_add(1);
    }
    let readers = [FeedId::new([0; 32]), key(2).feed(), FeedId::new(twin), key(2).feed(), key(3).feed()];
    let (keys, sealed) = parts(seal(Bound::new().place(), "x", &readers, &[5; 32]).unwrap());
    assert_eq!(keys.len(), 2);
    assert!(open(Bound::new().place(), &keys, &sealed, &key(2)).is_ok_and(|text| text.is_some()));
}
