//! A backup: one file with every table of the store as one snapshot saw it, and the node's own parts of the
//! home (its key, its network) after it.
//!
//! It is written under another name and linked to its own when it is whole and durable, so there is never
//! half of one. What comes of it is recovering: nothing says whether the home went on after it was made.
//!
//! The file: a database, then the parts (each `u8 length || name || u32 length || bytes`), then a tail of 64
//! bytes: `u64 bytes of the database || u64 bytes of the parts || SHA-256 of both || "klatch backup 1\n"`. The
//! parts are not in the database: pages that it frees keep their bytes, and the key would stay in them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use klatch_feed::{FeedId, Seq};
use redb::{ReadTransaction, ReadableDatabase};
use sha2::{Digest, Sha256};

use crate::disk::{Disk, Home};
use crate::guard::guard;
use crate::store::builder;
use crate::table::{self, SCHEMA, feed_row, meta, set_meta, take};
use crate::{DiskError, Held, Progress, Snapshot, copy, recovering};

/// Bytes read at a time.
const COPY_BYTES: usize = 1 << 20;
const TAIL_BYTES: u64 = 64;
const MAGIC: &[u8; 16] = b"klatch backup 1\n";
/// Longest parts that are read.
const PARTS_BYTES_MAX: u64 = 64 * 1024;

/// What a backup holds besides the store: name and bytes.
pub type Parts = Vec<(String, Vec<u8>)>;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is there already.
    #[error("{0} is there already: a backup never overwrites; name another file")]
    Exists(PathBuf),
    /// Not a backup, or one that is damaged.
    #[error("{path} is no whole backup: {problem}; use another one")]
    NotWhole {
        /// Which file.
        path: PathBuf,
        /// How it shows.
        problem: String,
    },
    /// Made by a newer version of the program.
    #[error("{0} was made by a newer version of klatch: restore it with that one")]
    Newer(PathBuf),
    /// A file operation failed.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl From<redb::DatabaseError> for BackupError {
    fn from(error: redb::DatabaseError) -> Self {
        Self::Disk(redb::Error::from(error).into())
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::File { path: path.to_owned(), source }
}

impl Snapshot {
    /// Writes what this snapshot sees, and `parts`, to the new file `path`, which only its owner can read.
    /// There is nothing at `path` until all of it is durable. Progress counts rows.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; nothing is left behind then.
    pub fn backup(
        &self,
        path: &Path,
        parts: &[(&str, &[u8])],
        progress: Progress<'_>,
    ) -> Result<(), BackupError> {
        if path.try_exists().map_err(file_error(path))? {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let unfinished = beside(path);
        let written = self.write_backup(&unfinished, parts, progress);
        // What people named is what they are told of.
        let written = written.map_err(|error| match error {
            BackupError::File { source, .. } => file_error(path)(source),
            BackupError::Disk(DiskError::Full) => file_error(path)(io::ErrorKind::StorageFull.into()),
            other => other,
        });
        let written = written.and_then(|()| publish(&unfinished, path));
        let _ = std::fs::remove_file(&unfinished); // Published, it is but a second name.
        written?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))
    }

    fn write_backup(
        &self,
        path: &Path,
        parts: &[(&str, &[u8])],
        progress: Progress<'_>,
    ) -> Result<(), BackupError> {
        let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        drop(made.map_err(file_error(path))?);
        let to = builder().create(path)?;
        guard(|| copy::all(&self.tx, &to, progress))?;
        drop(to);
        append_tail(path, parts).map_err(file_error(path))
    }
}

/// The name under which a backup is made.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    PathBuf::from(name)
}

/// Gives the file its name, unless another has it by now.
fn publish(unfinished: &Path, path: &Path) -> Result<(), BackupError> {
    match std::fs::hard_link(unfinished, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists(path.to_owned()))
        }
        // Sticks and network folders often know no links.
        Err(_) if !path.exists() => std::fs::rename(unfinished, path).map_err(file_error(path)),
        Err(_) => Err(BackupError::Exists(path.to_owned())),
    }
}

/// Adds the parts and the tail to a database that is closed; durable on return.
fn append_tail(path: &Path, parts: &[(&str, &[u8])]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let mut hash = Sha256::new();
    let database = each_block(&mut file, u64::MAX, &mut |block| {
        hash.update(block);
        Ok(())
    })?;
    let mut bytes = Vec::new();
    for (name, part) in parts {
        let short = u8::try_from(name.len()).expect("names of parts are short");
        bytes.push(short);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&u32::try_from(part.len()).expect("parts are small").to_be_bytes());
        bytes.extend_from_slice(part);
    }
    hash.update(&bytes);
    let lengths = [database.to_be_bytes(), (bytes.len() as u64).to_be_bytes()].concat();
    bytes.extend_from_slice(&lengths);
    bytes.extend_from_slice(&hash.finalize());
    bytes.extend_from_slice(MAGIC);
    file.write_all(&bytes)?;
    file.sync_all()
}

/// Reads at most `max` bytes, and says how many came.
fn each_block(file: &mut File, max: u64, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let (mut done, mut buffer) = (0, vec![0; COPY_BYTES]);
    while done < max {
        let room = usize::try_from(max - done).map_or(COPY_BYTES, |rest| rest.min(COPY_BYTES));
        let count = file.read(&mut buffer[..room])?;
        if count == 0 {
            break;
        }
        each(&buffer[..count])?;
        done += count as u64;
    }
    Ok(done)
}

/// A store out of a backup, in a home but not published there yet: nobody finds it before
/// [`Restored::publish`], and another try replaces it.
#[derive(Debug)]
pub struct Restored {
    home: Home,
    /// What was backed up besides the store.
    pub parts: Parts,
    /// Whose store it is.
    pub owner: FeedId,
    /// How many own entries it holds.
    pub own: Seq,
}

impl Restored {
    /// Copies the store in the backup `file` into `home`, an existing folder, checks that no bit of it
    /// changed, and makes it recovering. Progress counts bytes.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; the home is as it was then, but for an unfinished file that the next try replaces.
    pub fn unpack(home: &Path, file: &Path, progress: Progress<'_>) -> Result<Self, BackupError> {
        let home = Home::new(home);
        let not_whole = |problem: String| BackupError::NotWhole { path: file.to_owned(), problem };
        let path = home.new_path().map_err(file_error(home.home()))?;
        let parts = copy_out(file, &path, progress)?;
        let opened = guard(|| Ok::<_, DiskError>(builder().open(&path)));
        let database = opened.and_then(|opened| opened.map_err(|error| redb::Error::from(error).into()));
        let database = database.map_err(|error| not_whole(error.to_string()))?;
        let known = guard(|| describe(&database.begin_read()?));
        let (schema, owner, own) = known.map_err(|error| not_whole(error.to_string()))?;
        if schema > SCHEMA {
            return Err(BackupError::Newer(file.to_owned()));
        }
        let instance = home.random().map_err(file_error(home.home()))?;
        guard(|| {
            let tx = database.begin_write()?;
            set_meta(&tx, "instance", &instance)?;
            table::drop_tokens(&tx)?; // The home that was backed up may have used them since.
            recovering::end(&tx)?; // Where the home was recovering: the newer reason is told.
            recovering::begin(&tx, &Held::Restored { store: own })?;
            Ok::<_, DiskError>(tx.commit()?)
        })?;
        Ok(Self { home, parts, owner, own })
    }

    /// Makes it the home's store: at once or not at all, durable on return.
    ///
    /// # Errors
    ///
    /// [`BackupError::File`].
    pub fn publish(self) -> Result<(), BackupError> {
        self.home.publish_database().map_err(file_error(self.home.home()))
    }
}

/// Schema, owner, and how many own entries there are.
fn describe(tx: &ReadTransaction) -> Result<(u32, FeedId, Seq), DiskError> {
    let (Some(schema), Some(owner)) = (meta(tx, "schema")?, meta::<32>(tx, "owner")?) else {
        return Err(DiskError::Table { table: "meta" });
    };
    let owner = FeedId::new(owner);
    let own = feed_row(tx, &owner)?.map_or(0, |row| row.stored);
    Ok((u32::from_be_bytes(schema), owner, own))
}

/// Copies the database in a backup to the new file `to`, and returns the parts, once the hash shows that
/// both are what was written.
fn copy_out(from: &Path, to: &Path, progress: Progress<'_>) -> Result<Parts, BackupError> {
    let not_whole =
        |problem: &str| BackupError::NotWhole { path: from.to_owned(), problem: problem.to_owned() };
    let mut source = File::open(from).map_err(file_error(from))?;
    let total = source.metadata().map_err(file_error(from))?.len();
    let no_backup = || not_whole("it is another kind of file, or cut off");
    let tail_at = total.checked_sub(TAIL_BYTES).ok_or_else(no_backup)?;
    let mut tail = [0; TAIL_BYTES as usize];
    source.seek(SeekFrom::Start(tail_at)).map_err(file_error(from))?;
    source.read_exact(&mut tail).map_err(file_error(from))?;
    let (database, length, wanted) = read_tail(&tail).ok_or_else(no_backup)?;
    if database.checked_add(length) != Some(tail_at) || length > PARTS_BYTES_MAX {
        return Err(no_backup());
    }
    source.rewind().map_err(file_error(from))?;
    let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut target = target.map_err(file_error(to))?;
    let (mut hash, mut done, mut at_fault) = (Sha256::new(), 0, from);
    let mut copy = |block: &[u8]| {
        hash.update(block);
        done += block.len() as u64;
        progress(done, tail_at);
        target.write_all(block).inspect_err(|_| at_fault = to)
    };
    let copied = each_block(&mut source, database, &mut copy);
    copied.map_err(|source| file_error(at_fault)(source))?;
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes).map_err(file_error(from))?;
    hash.update(&bytes);
    if hash.finalize()[..] != wanted {
        return Err(not_whole("it is damaged, its checksum does not fit"));
    }
    target.sync_all().map_err(file_error(to))?;
    read_parts(&bytes).ok_or_else(no_backup)
}

/// Bytes of the database, bytes of the parts, and the hash of both.
fn read_tail(mut tail: &[u8]) -> Option<(u64, u64, [u8; 32])> {
    let database = u64::from_be_bytes(*take(&mut tail)?);
    let parts = u64::from_be_bytes(*take(&mut tail)?);
    let hash = *take(&mut tail)?;
    (tail == MAGIC).then_some((database, parts, hash))
}

fn read_parts(mut bytes: &[u8]) -> Option<Parts> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let [name] = *take(&mut bytes)?;
        let (name, rest) = bytes.split_at_checked(name.into())?;
        bytes = rest;
        let length = u32::from_be_bytes(*take(&mut bytes)?) as usize;
        let (part, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        parts.push((String::from_utf8(name.to_vec()).ok()?, part.to_vec()));
    }
    Some(parts)
}
