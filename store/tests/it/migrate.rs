//! Schemas: a newer one is refused and left alone. Steps between schemas are tested in `table::migrate`.

use klatch_store::{OpenError, SCHEMA, Store};
use redb::ReadableDatabase;

use crate::{Author, net, store};

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let (home, store) = store();
    drop(store);
    let path = home.path().join("klatch.redb");
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    let database = redb::Database::open(&path).unwrap();
    let tx = database.begin_write().unwrap();
    tx.open_table(meta).unwrap().insert("schema", &(SCHEMA + 1).to_be_bytes()[..]).unwrap();
    tx.commit().unwrap();
    drop(database);
    let opened = Store::open(home.path(), net(), Author::new(1).feed());
    assert!(
        matches!(opened, Err(OpenError::Newer { found, known }) if found == SCHEMA + 1 && known == SCHEMA),
        "{opened:?}"
    );
    let database = redb::Database::open(&path).unwrap();
    let tx = database.begin_read().unwrap();
    let kept = tx.open_table(meta).unwrap().get("schema").unwrap().unwrap().value().to_vec();
    assert_eq!(kept, (SCHEMA + 1).to_be_bytes());
}
