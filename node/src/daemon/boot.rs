//! Whether this machine started anew since the node last met somebody.
//!
//! A snapshot of a whole disk that is put back restores log and witness together, and nothing on the machine
//! shows it. But it takes a start of the machine: so the first contact after one comes before the first own
//! post, where there is anybody to ask.

use klatch_store::Reader;

use super::local::{Local, Spaces};

const KEY: &[u8] = b"boot";

/// The system's word for its present run, where it has one.
fn id() -> Option<Vec<u8>> {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim_ascii().to_vec())
}

/// The fact that there was contact in this run of the machine.
pub(crate) fn fact() -> Option<Local> {
    id().map(|id| Local { space: Spaces::BOOT, key: KEY.to_vec(), value: Some(id) })
}

/// Whether the last contact was in another run of the machine. A home without any has nothing to lose.
pub(crate) fn is_new(reader: &Reader) -> bool {
    let known = reader.snapshot().and_then(|snapshot| snapshot.local(Spaces::BOOT, KEY)).ok().flatten();
    known.is_some_and(|known| id().is_some_and(|now| now != known))
}
