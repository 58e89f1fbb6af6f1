//! The committed corpus through every target's property: what was found once stays mended.

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_holds() {
    for (name, check) in klatch_gossip_fuzz::TARGETS {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs: Vec<_> =
            fs::read_dir(&dir).expect("a folder each").map(|file| file.expect("a file").path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for path in inputs {
            println!("{}", path.display()); // The last one shown is the one that fails.
            check(&fs::read(&path).expect("readable"));
        }
    }
}
