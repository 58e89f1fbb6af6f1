//! A home in which one step fails when a test says so, and does part of its work before it does.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use klatch_store::{Disk, Home};
use redb::{Builder, Database, DatabaseError};

/// What fails, and how much of it is done all the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Putting a database in place: whether it got its name.
    Publish { renames: bool },
    /// Writing into the witness: how many bytes got there.
    Witness { written: usize },
}

/// The home.
#[derive(Debug)]
pub(crate) struct Failing {
    home: Home,
    fault: Mutex<Option<Fault>>,
}

impl Failing {
    /// The folder at `path`, in which nothing fails yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { home: Home::new(path), fault: Mutex::new(None) }
    }

    /// From here on this fails.
    pub(crate) fn fails(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap()
    }
}

fn broken() -> io::Result<()> {
    Err(io::Error::from_raw_os_error(5))
}

impl Disk for Failing {
    fn home(&self) -> &Path {
        self.home.home()
    }

    fn holds_database(&self) -> io::Result<bool> {
        self.home.holds_database()
    }

    fn database_bytes(&self) -> io::Result<u64> {
        self.home.database_bytes()
    }

    fn new_database(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        self.home.new_database(builder)
    }

    fn publish_database(&self) -> io::Result<()> {
        match self.fault() {
            Some(Fault::Publish { renames: true }) => self.home.publish_database().and_then(|()| broken()),
            Some(Fault::Publish { renames: false }) => broken(),
            _ => self.home.publish_database(),
        }
    }

    fn drop_unfinished(&self) -> io::Result<()> {
        self.home.drop_unfinished()
    }

    fn open_database(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        self.home.open_database(builder)
    }

    fn read_witness(&self) -> io::Result<Option<Vec<u8>>> {
        self.home.read_witness()
    }

    fn new_witness(&self, bytes: &[u8]) -> io::Result<()> {
        self.home.new_witness(bytes)
    }

    fn write_witness(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let Some(Fault::Witness { written }) = self.fault() else {
            return self.home.write_witness(offset, bytes);
        };
        self.home.write_witness(offset, &bytes[..bytes.len().min(written)])?;
        broken()
    }

    fn random(&self) -> io::Result<[u8; 16]> {
        self.home.random()
    }
}
