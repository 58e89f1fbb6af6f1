//! Which own entries are meant to be taken back, and whether they can be. Source: spec/posts.md, "tombstone".

use klatch_feed::{EntryId, FeedId};
use klatch_store::Snapshot;

use super::{Refusal, Sentence, read};
use crate::names;

/// The entries that these texts name, each once.
pub(super) fn targets(snapshot: &Snapshot, me: FeedId, texts: &[String]) -> Result<Vec<EntryId>, Refusal> {
    let mut targets = Vec::new();
    for text in texts {
        let id = names::own_entry(snapshot, me, text)?;
        if let Some(problem) = problem(snapshot, me, &id)? {
            let text = format!("{}: {problem}", names::short(&id));
            return Err(Refusal::NoEffect { problem: Sentence::said("refused-delete", "", text) });
        }
        if !targets.contains(&id) {
            targets.push(id);
        }
    }
    Ok(targets)
}

/// Why a tombstone would say nothing about an entry.
fn problem(snapshot: &Snapshot, me: FeedId, id: &EntryId) -> Result<Option<String>, Refusal> {
    let Some(entry) = snapshot.entry(id)? else { return Ok(Some("it is not here".to_owned())) };
    let header = entry.header();
    Ok(if header.author != me {
        let is_mine = snapshot.lineage()?.now(header.author) == me;
        Some(match is_mine {
            true => "you posted it under an earlier key, which can say nothing any more".to_owned(),
            false => "somebody else posted it: only its author can take it back".to_owned(),
        })
    } else if header.kind.is_control() {
        Some(format!(
            "this cannot be taken back, since what others may do hangs on it ({})",
            read::what(&entry)
        ))
    } else {
        entry.body().is_none().then(|| "it is taken back already".to_owned())
    })
}
