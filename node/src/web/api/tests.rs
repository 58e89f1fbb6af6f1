use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::table::SHAPES;
use super::*;
use crate::daemon::{PollRequest, Response};
use crate::net::NetRequest;
use crate::pub_server::PubRequest;

/// The names of an enum's variants, as serde tells whoever says another one.
fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>("\"no such name\"") else { panic!("it has every name") };
    let error = error.to_string();
    let (_, names) = error.split_once("expected ").unwrap();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn all() -> BTreeSet<String> {
    let mut names = variants::<Request>();
    let within = [
        ("poll", variants::<PollRequest>()),
        ("pub", variants::<PubRequest>()),
        ("net", variants::<NetRequest>()),
    ];
    for (outer, inner) in within {
        assert!(names.remove(outer));
        names.extend(inner.iter().map(|name| format!("{outer}/{name}")));
    }
    names
}

/// A value that a type takes.
fn sample(name: &str, kind: &str) -> Value {
    match kind {
        "s" if ["feed", "trust"].contains(&name) => json!(klatch_feed::FeedId::new([7; 32]).to_string()),
        "s" => json!("text"),
        "i" => json!(7),
        "b" => json!(true),
        "[i]" => json!([1, 2]),
        "[s]" => json!(["text"]),
        "#door_note" => json!({ "persons": 2 }),
        "#find" => json!({ "search": { "words": "tea" } }),
        _ => match kind.strip_prefix('#') {
            Some(shape) => Value::Object(whole(SHAPES.iter().find(|(name, _)| *name == shape).unwrap().1)),
            None => json!(kind.split('|').next().unwrap()),
        },
    }
}

fn whole(said: &str) -> Map<String, Value> {
    let fields = document::fields(said).0.into_iter();
    fields.map(|field| (field.name.to_owned(), sample(field.name, field.kind))).collect()
}

/// What stands in a request beside its name.
fn inner(row: &Row, request: &Request) -> Value {
    let mut value = serde_json::to_value(request).unwrap();
    for name in row.name.split('/') {
        value = if value == json!(name) { json!({}) } else { value[name].take() };
    }
    value
}

#[test]
fn every_request_has_its_row_and_every_row_its_request() {
    let mut named: BTreeSet<String> = ROWS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(named.len(), ROWS.len(), "no name stands twice");
    for (left_out, why) in LEFT_OUT {
        assert!(
            named.insert((*left_out).to_owned()) && !why.is_empty(),
            "{left_out} is left out, or it is not"
        );
    }
    assert_eq!(named, all());
}

#[test]
fn the_fields_of_a_row_are_those_of_its_request() {
    for row in ROWS {
        let name = row.name;
        let most = whole(row.fields);
        let read = request(row, most.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            inner(row, &read),
            Value::Object(most.clone()),
            "{name}: no field is missing and each says itself"
        );
        for field in document::fields(row.fields).0 {
            let mut less = most.clone();
            less.remove(field.name);
            assert_eq!(request(row, less).is_ok(), field.may_miss, "{name} without {}", field.name);
            let mut null = most.clone();
            null.insert(field.name.to_owned(), Value::Null);
            assert_eq!(request(row, null).is_ok(), field.may_be_null, "{name} with {} null", field.name);
            for word in field.kind.split('|').filter(|_| field.kind.contains('|')) {
                let mut other = most.clone();
                other.insert(field.name.to_owned(), json!(word));
                assert!(request(row, other).is_ok(), "{name}: {} may be {word}", field.name);
            }
        }
        let mut more = most;
        more.insert("no_such_field".to_owned(), json!(1));
        assert!(request(row, more).is_err(), "{name} takes no other field");
    }
}

#[test]
fn the_document_says_what_the_table_says_and_names_nothing_that_is_not_there() {
    let document = document::document();
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let wanted = ROWS.iter().map(|row| row.name).chain(["events", "openapi.json"]);
    assert_eq!(paths, wanted.map(|name| format!("/api/v1/{name}")).collect());
    let text = document.to_string();
    let schemas: BTreeSet<_> =
        document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let refs: BTreeSet<_> = text
        .split("#/components/schemas/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(refs.difference(&schemas).next(), None);
    let unused: Vec<_> = schemas.difference(&refs).collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(!text.contains("\"enum\":[\"\"]") && document["openapi"] == "3.1.0");
}

#[test]
fn an_answer_has_no_kind_around_it() {
    let text = |response: &Response| {
        let body = answered(response).into_body();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = runtime.block_on(axum::body::to_bytes(body, usize::MAX)).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    assert_eq!(text(&Response::Done), json!({ "done": true }));
    assert_eq!(text(&Response::Piece(None)), Value::Null);
    assert_eq!(text(&Response::Follows(vec![])), json!([]));
    assert_eq!(text(&Response::Pub(crate::pub_server::PubResponse::Listed(vec![]))), json!([]));
    assert_eq!(text(&Response::Net(crate::net::NetResponse::Closed)), json!({ "done": true }));
}

#[test]
fn a_field_that_cannot_be_read_is_named() {
    let cases = [
        ("rsvp", "answer", json!("perhaps"), "answer: unknown variant `perhaps`"),
        ("event_update", "fields", json!({ "policy": "chance" }), "fields.policy: unknown variant `chance`"),
        ("poll/vote", "options", json!([1]), "options[0]: invalid type"),
        ("follow", "who", json!(5), "who: invalid type"),
    ];
    for (name, field, value, said) in cases {
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let mut fields = whole(row.fields);
        fields.insert(field.to_owned(), value);
        let error = request(row, fields).unwrap_err();
        assert!(error.starts_with(said), "{error}");
    }
    let row = ROWS.iter().find(|row| row.name == "follow").unwrap();
    assert_eq!(request(row, Map::new()).unwrap_err(), "missing field `who`");
}
