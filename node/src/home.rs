//! A home: the folder that holds one identity and its log.
//!
//! | file | what | mode |
//! |---|---|---|
//! | `feed.key` | the feed's secret key, 64 hex digits | 0600 |
//! | `feed.key.next` | the key that `klatch succeed` gives the home, until its store is that key's | 0600 |
//! | `network.json` | the network's name and key | 0600 |
//! | `klatch.redb`, `head.witness` | the store's | 0600 |
//! | `klatch.pid` | the lock, with the number of the process that holds it | 0600 |
//! | `klatch.sock` | where a running node listens for the command line | 0600 |
//! | `page.html` | leads a browser to the link that `klatch page --open` made last | 0600 |
//! | `backup.unfinished-…` | a folder: what the page makes a backup in, until it was sent; what a killed node left goes when the home is locked | 0700 |
//! | `init.unfinished` | `klatch init` has not shown the recovery words yet, or `klatch restore` is not done | 0600 |
//!
//! The folder is 0700. A secret that others may read is refused rather than mended: it may be known already.

use std::fs::{DirEntry, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use klatch_feed::SecretKey;
use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zeroize::{Zeroize, Zeroizing};

use crate::network::{self, Network, NetworkError};

/// The parts of a backup that are the home's and not the store's: the key's seed, and the network file.
pub const KEY_PART: &str = "feed.key";
/// See [`KEY_PART`].
pub const NETWORK_PART: &str = "network.json";
/// Longest path of a Unix socket, in bytes.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;
/// How the folders begin in which the page makes backups.
const BACKUP_PREFIX: &str = "backup.unfinished-";
/// Longest file this module reads: keys and network files are far shorter.
const FILE_BYTES_MAX: u64 = 4096;

/// A folder that is, or is to become, somebody's home.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Home(PathBuf);

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nobody has made it.
    #[error("there is no identity in {0}: make one with `klatch init --name NAME`")]
    Missing(PathBuf),
    /// `init` or `restore` was cut off.
    #[error("`klatch init` or `klatch restore` did not finish in {0}: run it again, nothing is lost")]
    Unfinished(PathBuf),
    /// There is one already.
    #[error("{0} already holds an identity: use it, or choose another folder with --home")]
    Taken(PathBuf),
    /// A secret that others can read.
    #[error(
        "others may read {path} (mode {mode:04o}): close it with `chmod 600 {path}`, and think about who could have read it"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file that holds no key, or is gone. Says nothing of what it does hold.
    #[error(
        "{0} is not a key file, which is 64 hex digits, or is gone: put your copy of it back, or move this home away and \
         make it again by `klatch restore` of a backup, or `klatch init --recover` with the words"
    )]
    Key(PathBuf),
    /// A network file that is none.
    #[error("{path}: {source}")]
    Network {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: NetworkError,
    },
    /// Another process has it.
    #[error("{path} is in use by process {pid}: stop that one first, if it is a `klatch up`")]
    InUse {
        /// The home.
        path: PathBuf,
        /// Whoever holds the lock, 0 if that cannot be read.
        pid: u32,
    },
    /// No folder for the socket that only we can write.
    #[error("{0} belongs to somebody else: set XDG_RUNTIME_DIR, or use a home with a shorter path")]
    Runtime(PathBuf),
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Holds the home against other processes until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File, // The lock goes with it, also when the process is killed.
}

impl Drop for Lock {
    /// Closing is not enough: a child process holds the open file too until it has become another program.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock); // Closing it is what is left to do.
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HomeError + '_ {
    move |source| HomeError::Io { path: path.to_owned(), source }
}

impl Home {
    /// The home in this folder, which need not exist.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// The platform's data folder for Klatch; `None` where the user has no home at all.
    pub fn default_dir() -> Option<PathBuf> {
        Some(directories::ProjectDirs::from("", "", "klatch")?.data_dir().to_owned())
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes the file that leads a browser to `link`, in the place of the last one.
    pub fn page_file(&self, link: &str) -> Result<PathBuf, HomeError> {
        let path = self.file("page.html");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(&path)(error)),
            _ => {}
        }
        let text = format!(
            "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={link}\"><a href=\"{link}\">Klatch</a>\n"
        );
        write_private(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Takes the home for this process, making the folder if it is not there.
    ///
    /// # Errors
    ///
    /// [`HomeError::InUse`] at once if another process has it.
    pub fn lock(&self) -> Result<Lock, HomeError> {
        make_private_dir(&self.0)?;
        let path = self.file("klatch.pid");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io_error(&path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let _ = file.take(32).read_to_string(&mut text); // Only for the message.
                let pid = text.trim().parse().unwrap_or(0);
                return Err(HomeError::InUse { path: self.0.clone(), pid });
            }
            Err(errno) => return Err(HomeError::Io { path, source: errno.into() }),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(io_error(&path))?;
        self.drop_backups();
        Ok(Lock { file })
    }

    /// A folder for a backup that is to leave the home, gone when dropped. The home must be locked by this process.
    pub fn backup_folder(&self) -> io::Result<TempDir> {
        tempfile::Builder::new().prefix(BACKUP_PREFIX).tempdir_in(&self.0)
    }

    /// A file without a name for a backup that comes in: gone when closed, whatever happens.
    pub fn incoming(&self) -> Result<File, HomeError> {
        make_private_dir(&self.0)?;
        tempfile::tempfile_in(&self.0).map_err(io_error(&self.0))
    }

    /// Removes what a node left that was killed while somebody downloaded a backup: it holds the key.
    fn drop_backups(&self) {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let is_ours =
            |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(BACKUP_PREFIX.as_bytes());
        for left in entries.filter(is_ours) {
            if let Err(error) = std::fs::remove_dir_all(left.path()) {
                tracing::warn!(%error, path = %left.path().display(), "a copy of the home with its key is left: remove it");
            }
        }
    }

    /// Whether somebody's finished identity is here.
    ///
    /// # Errors
    ///
    /// [`HomeError::Missing`] or [`HomeError::Unfinished`] if not.
    pub fn check(&self) -> Result<(), HomeError> {
        // What cannot be looked into is not empty.
        let holds = |name| {
            let path = self.file(name);
            path.try_exists().map_err(|source| HomeError::Io { path, source })
        };
        if holds("init.unfinished")? {
            return Err(HomeError::Unfinished(self.0.clone()));
        }
        // A key file that went missing beside a database is told apart when the key is read.
        match holds("feed.key")? || holds("klatch.redb")? {
            true => Ok(()),
            false => Err(HomeError::Missing(self.0.clone())),
        }
    }

    /// Whether an identity can be made here: nobody's is, or an unfinished one.
    ///
    /// # Errors
    ///
    /// [`HomeError::Taken`].
    pub fn check_free(&self) -> Result<(), HomeError> {
        match !self.file("init.unfinished").exists() && self.theirs().iter().any(|path| path.exists()) {
            true => Err(HomeError::Taken(self.0.clone())),
            false => Ok(()),
        }
    }

    fn theirs(&self) -> [PathBuf; 4] {
        ["feed.key", "klatch.redb", "head.witness", "network.json"].map(|name| self.file(name))
    }

    /// Starts a new identity: refuses a finished one, clears away an unfinished one, writes key and
    /// network. Only [`Home::finish`] makes it usable. Call with the lock held.
    pub fn begin(&self, _lock: &Lock, secret: &SecretKey, network: &Network) -> Result<(), HomeError> {
        let marker = self.file("init.unfinished");
        self.check_free()?;
        let theirs = self.theirs();
        if marker.exists() {
            // Nothing of it was used: whoever is cut off before `finish` has nothing signed that left this machine.
            theirs.iter().try_for_each(|path| match std::fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path)(e)),
                _ => Ok(()),
            })?;
        } else {
            write_private(&marker, b"")?;
        }
        sync_dir(&self.0)?;
        write_private(&self.file("network.json"), network.to_text().as_bytes())?;
        write_key(&self.file("feed.key"), secret)?;
        sync_dir(&self.0)
    }

    /// The recovery words are shown and the first entries are durable: the home is one.
    pub fn finish(&self, _lock: &Lock) -> Result<(), HomeError> {
        let marker = self.file("init.unfinished");
        std::fs::remove_file(&marker).map_err(io_error(&marker))?;
        sync_dir(&self.0)
    }

    /// The feed's secret key.
    pub fn secret(&self) -> Result<SecretKey, HomeError> {
        read_key(self.file("feed.key"))
    }

    /// The key that the home was to get when a change of key was cut off, if one was.
    pub fn next_secret(&self) -> Result<Option<SecretKey>, HomeError> {
        let path = self.file("feed.key.next");
        match path.try_exists().map_err(io_error(&path))? {
            true => read_key(path).map(Some),
            false => Ok(None),
        }
    }

    /// Writes down the key that the home is to get; durable on return. Call with the lock held.
    pub fn write_next_secret(&self, secret: &SecretKey) -> Result<(), HomeError> {
        self.drop_next_secret()?;
        write_key(&self.file("feed.key.next"), secret)?;
        sync_dir(&self.0)
    }

    /// The home has that key now.
    pub fn take_next_secret(&self) -> Result<(), HomeError> {
        let (next, path) = (self.file("feed.key.next"), self.file("feed.key"));
        std::fs::rename(&next, &path).map_err(io_error(&next))?;
        sync_dir(&self.0)
    }

    /// The home keeps the key it has.
    pub fn drop_next_secret(&self) -> Result<(), HomeError> {
        let path = self.file("feed.key.next");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path)(error)),
            _ => sync_dir(&self.0),
        }
    }

    /// The network it belongs to.
    pub fn network(&self) -> Result<Network, HomeError> {
        let path = self.file("network.json");
        Network::parse(&read_private(&path)?).map_err(|source| HomeError::Network { path, source })
    }

    /// Where a running node listens for the command line: in the home, or, where that path is too long
    /// for a socket, in the user's runtime folder under a hash of the home.
    pub fn socket(&self) -> Result<PathBuf, HomeError> {
        let dir = std::path::absolute(&self.0).map_err(io_error(&self.0))?;
        let near = dir.join("klatch.sock");
        if near.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(near);
        }
        let runtime = directories::BaseDirs::new().and_then(|base| base.runtime_dir().map(Path::to_owned));
        let me = rustix::process::getuid().as_raw();
        let runtime = runtime.unwrap_or_else(|| std::env::temp_dir().join(format!("klatch-{me}")));
        make_private_dir(&runtime)?;
        let held = std::fs::metadata(&runtime).map_err(io_error(&runtime))?;
        if held.uid() != me || held.mode() & 0o077 != 0 {
            return Err(HomeError::Runtime(runtime));
        }
        let hash = Sha256::digest(dir.as_os_str().as_encoded_bytes());
        Ok(runtime.join(format!("klatch-{}.sock", network::hex(&hash[..8]))))
    }
}

fn write_key(path: &Path, secret: &SecretKey) -> Result<(), HomeError> {
    let mut text = Zeroizing::new(network::hex(&*secret.seed()));
    text.push('\n');
    write_private(path, text.as_bytes())
}

fn read_key(path: PathBuf) -> Result<SecretKey, HomeError> {
    let text = read_private(&path).map_err(|error| match error {
        HomeError::Io { path, source }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
        {
            HomeError::Key(path)
        }
        error => error,
    });
    let text = Zeroizing::new(text?);
    let mut seed: [u8; 32] = network::unhex(text.trim()).ok_or(HomeError::Key(path))?;
    let secret = SecretKey::from_seed(&seed);
    seed.zeroize();
    Ok(secret)
}

/// Makes a folder that only its owner can enter; one that is there stays as it is.
fn make_private_dir(dir: &Path) -> Result<(), HomeError> {
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir))?;
    // `recursive` is content with a folder that appeared meanwhile.
    std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(io_error(dir))
}

/// Writes a new file that only its owner can read, durable before it returns.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(io_error(path))
}

fn read_private(path: &Path) -> Result<String, HomeError> {
    let file = File::open(path).map_err(io_error(path))?;
    let mode = file.metadata().map_err(io_error(path))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(HomeError::Open { path: path.to_owned(), mode });
    }
    let mut text = String::with_capacity(256); // So that a key is not left behind by a growing buffer.
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io_error(path))?;
    Ok(text)
}

fn sync_dir(dir: &Path) -> Result<(), HomeError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error(dir))
}

/// Core files off: a crash must not leave the key on the disk.
pub fn forbid_core_files() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system refuses, there is nothing better to do than to go on.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}
