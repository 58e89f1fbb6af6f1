//! Indexes and views are a cache: `rebuild` makes the same ones again.

use crate::{Author, accept_all, assert_sound, store, verify};

#[test]
fn rebuilding_changes_nothing_and_tells_how_far_it_is() {
    let mut ben = Author::new(2);
    ben.notes(600);
    let (_home, mut store) = store();
    accept_all(&mut store, &ben);
    let before = verify(&store);
    let mut steps = Vec::new();
    store.rebuild(&mut |done, total| steps.push((done, total))).unwrap();
    assert_eq!(verify(&store), before);
    assert_eq!(steps.last(), Some(&(600, 600)));
    assert_sound(&store);
}
