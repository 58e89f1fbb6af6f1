//! Open files: each connection takes one. A node that has none left could not even answer its own command line.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files left for the log, the control socket, dials and what libraries open.
const RESERVED: u64 = 256;

/// Lets this process open as many files as it may, and says how many connections that is.
///
/// Systems start processes with a low limit for the sake of programs that `select` over files; this one does not.
pub(super) fn connections_max() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current };
    fitting(files)
}

/// Connections that fit into so many files; `None` = no limit.
fn fitting(files: Option<u64>) -> usize {
    let fitting = files.map_or(u64::MAX, |files| files.saturating_sub(RESERVED).max(files / 2));
    usize::try_from(fitting).unwrap_or(usize::MAX)
}

/// Whether it was for want of a file that nobody could be let in.
pub(super) fn ran_out(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_but_a_reserve_are_for_connections() {
        let cases =
            [(None, usize::MAX), (Some(20_000), 19_744), (Some(1024), 768), (Some(64), 32), (Some(0), 0)];
        for (files, connections) in cases {
            assert_eq!(fitting(files), connections, "{files:?}");
        }
    }

    #[test]
    fn the_limit_is_raised_to_the_most_that_this_process_may_have() {
        assert_eq!(connections_max(), fitting(getrlimit(Resource::Nofile).maximum));
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
    }

    #[test]
    fn only_a_want_of_files_is_taken_for_one() {
        assert!(ran_out(&io::Error::from_raw_os_error(24)), "EMFILE");
        assert!(!ran_out(&io::Error::from_raw_os_error(103)), "ECONNABORTED");
        assert!(!ran_out(&io::ErrorKind::Other.into()));
    }
}
