//! How often what a simulation is for did happen: so that it cannot run idle without anybody noticing.

macro_rules! coverage {
    ($($field:ident $name:literal,)*) => {
        /// How often what a simulation is for did happen.
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        #[allow(missing_docs)]
        pub struct Coverage {
            $(pub $field: u64,)*
        }

        impl Coverage {
            /// Adds another run's.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }

            /// Every counter with its name.
            pub fn counters(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, self.$field),)*]
            }
        }
    };
}

coverage! {
    entries "entries",
    pushes "pushes",
    chunks "chunks",
    overlaps "overlaps",
    gaps "gaps",
    narrow "links of a pub",
    echoes_doubted "echoes doubted",
    writes_waited "writes that waited",
    last_words "last words",
    forgotten "lists forgotten",
    searches "searches",
    forks_searched "forks searched",
    forks_overlapped "forks overlapped",
    proofs_relayed "proofs relayed",
    bodies "bodies",
    hints "hints",
    cuts "cuts",
    resets "resets",
    crashes "crashes",
    commits_lost "commits lost",
    rewants "rewants",
    silences "silences",
    liars_closed "liars closed",
    own_longer "own longer",
    caps_below_tip "caps below the tip",
    splits "splits",
    pauses "pauses",
    slow_links "slow links",
    twisted "floods",
    links "links",
    bytes "bytes",
    tokens_kept "tokens kept",
    recalls "recalls",
    comparisons "comparisons",
    lazy "lazy",
    resent "resent",
    twins "twins",
    strangers_told "strangers told",
    clocks "clock changes",
    frozen "frozen clocks",
    refused "refused connections",
    half_open "half-open connections",
    cut_frames "resets mid-frame",
    throttled "throttled links",
    slow_readers "slow readers",
    full_disks "full disks",
    chunks_refused "chunks refused",
    blocks "blocks",
    one_way "one-way cuts",
    commit_crashes "crashes at a commit",
    set_back "set back",
    recovering "recovering",
    recovered "recovered",
    own_forks "own forks",
    idle_meetings "idle meetings",
    meetings "meetings compared",
    set_back_meetings "meetings with one set back",
    bodies_apart "bodies asked for",
    succeeded "successions",
    successions_relayed "successions relayed",
    replaced "chains put in place",
}
