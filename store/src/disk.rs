//! Where the two files lie: a home on a real disk, or whatever a test puts in its place.

use std::fmt::Debug;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError};

/// The database and the head witness as files. Two implementations: [`Home`], and disks that fail on
/// purpose in tests.
pub trait Disk: Debug + Send + Sync {
    /// The folder, for messages.
    fn home(&self) -> &Path;
    /// Whether a finished database is there.
    fn holds_database(&self) -> io::Result<bool>;
    /// Bytes of the finished database's file.
    fn database_bytes(&self) -> io::Result<u64>;
    /// A new, empty database beside the finished one, if there is one; replaces an unfinished one.
    fn new_database(&self, builder: &Builder) -> Result<Database, DatabaseError>;
    /// Makes the new database, closed by now, the finished one: at once or not at all, durable on return.
    /// Who has the one before open goes on with it.
    fn publish_database(&self) -> io::Result<()>;
    /// Removes an unfinished database, if there is one.
    fn drop_unfinished(&self) -> io::Result<()>;
    /// Opens the finished database; never makes one.
    fn open_database(&self, builder: &Builder) -> Result<Database, DatabaseError>;
    /// The witness file's bytes; `None` if there is none.
    fn read_witness(&self) -> io::Result<Option<Vec<u8>>>;
    /// Makes the witness file anew with these bytes: at once or not at all, durable on return.
    fn new_witness(&self, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites a part of the witness file in place, durable on return.
    fn write_witness(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Sixteen random bytes, which tell one store from another.
    fn random(&self) -> io::Result<[u8; 16]>;
}

const DATABASE: &str = "klatch.redb";
const WITNESS: &str = "head.witness";

/// A folder on a real disk.
#[derive(Debug)]
pub struct Home(PathBuf);

impl Home {
    /// The folder at `path`, which exists.
    pub fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    fn new_file(&self, name: &str) -> io::Result<File> {
        self.remove(name)?;
        let path = self.unfinished(name);
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.unfinished(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where an unfinished database may be made; what was left there is gone.
    pub(crate) fn new_path(&self) -> io::Result<PathBuf> {
        let path = self.unfinished(DATABASE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(path),
        }
    }

    fn publish(&self, name: &str) -> io::Result<()> {
        std::fs::rename(self.unfinished(name), self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.new"))
    }
}

impl Disk for Home {
    fn home(&self) -> &Path {
        &self.0
    }

    fn holds_database(&self) -> io::Result<bool> {
        self.0.join(DATABASE).try_exists()
    }

    fn database_bytes(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(self.0.join(DATABASE))?.len())
    }

    fn new_database(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        drop(self.new_file(DATABASE)?);
        builder.create(self.unfinished(DATABASE))
    }

    fn publish_database(&self) -> io::Result<()> {
        self.publish(DATABASE)
    }

    fn drop_unfinished(&self) -> io::Result<()> {
        self.remove(DATABASE)
    }

    fn open_database(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        let path = self.0.join(DATABASE);
        // Copies and restores often come back readable by everybody.
        if std::fs::metadata(&path)?.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        }
        builder.open(path)
    }

    fn read_witness(&self) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.0.join(WITNESS)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn new_witness(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.new_file(WITNESS)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.publish(WITNESS)
    }

    fn write_witness(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.0.join(WITNESS))?;
        file.write_all_at(bytes, offset)?;
        Ok(rustix::fs::fdatasync(&file)?)
    }

    fn random(&self) -> io::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
