//! The document of the API (OpenAPI 3.1), made of the table.

use serde_json::{Map, Value, json};

use super::table::{LEFT_OUT, ROWS, SHAPES};

/// One field as the table writes it.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) may_miss: bool,
    pub(super) may_be_null: bool,
    pub(super) kind: &'a str,
}

/// Fields, and whether there may be more.
pub(super) fn fields(said: &str) -> (Vec<Field<'_>>, bool) {
    let words = said.split_whitespace().filter(|word| *word != "+");
    let fields = words.filter_map(|word| {
        let (name, kind) = word.split_once(':')?;
        let (may_be_null, has_default) = (name.ends_with('?'), name.ends_with('='));
        let name = name.trim_end_matches(['?', '=']);
        Some(Field { name, may_miss: may_be_null || has_default, may_be_null, kind })
    });
    (fields.collect(), said.ends_with('+'))
}

/// The schema of a type.
fn schema(kind: &str) -> Value {
    if let Some((one, other)) = kind.split_once(" or ") {
        return json!({ "oneOf": [schema(one), schema(other)] });
    }
    let inner = |open: char, close: char| kind.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    if let Some(each) = inner('[', ']') {
        return json!({ "type": "array", "items": schema(each) });
    }
    if let Some(each) = inner('{', '}') {
        return json!({ "type": "object", "additionalProperties": schema(each) });
    }
    match kind {
        "s" => json!({ "type": "string" }),
        "i" => json!({ "type": "integer" }),
        "b" => json!({ "type": "boolean" }),
        "any" => json!({}),
        // Words where nothing is to be said besides, else an object.
        "#door_note" => json!({ "oneOf": [
            { "enum": ["undo", "late", "left"] },
            { "type": "object", "properties": { "persons": { "type": "integer" } }, "required": ["persons"] },
        ] }),
        _ => match kind.strip_prefix('#') {
            Some(shape) => json!({ "$ref": format!("#/components/schemas/{shape}") }),
            None => json!({ "enum": kind.split('|').collect::<Vec<_>>() }),
        },
    }
}

fn object(said: &str) -> Value {
    let (fields, is_open) = fields(said);
    let required: Vec<_> = fields.iter().filter(|field| !field.may_miss).map(|field| field.name).collect();
    let properties = fields.iter().map(|field| {
        let kind = schema(field.kind);
        let kind = if field.may_be_null { json!({ "oneOf": [kind, { "type": "null" }] }) } else { kind };
        (field.name.to_owned(), kind)
    });
    let properties: Map<_, _> = properties.collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": is_open })
}

/// The whole document.
pub(super) fn document() -> Value {
    let refused = json!({ "$ref": "#/components/responses/refused" });
    let mut paths = Map::new();
    for row in ROWS {
        let answer = json!({
            "description": "Done",
            "content": { "application/json": { "schema": schema(row.answer) } },
        });
        let post = json!({
            "operationId": row.name.replace('/', "_"),
            "summary": row.what,
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": object(row.fields) } },
            },
            "responses": { "200": answer, "default": refused },
        });
        paths.insert(format!("/api/v1/{}", row.name), json!({ "post": post }));
    }
    let stream = json!({ "description": "Server-sent events: `change` whenever something was written",
                         "content": { "text/event-stream": {} } });
    let events = json!({ "operationId": "events", "summary": "Hear of changes as they happen",
                         "responses": { "200": stream, "default": refused } });
    paths.insert("/api/v1/events".to_owned(), json!({ "get": events }));
    let itself = json!({ "description": "OpenAPI 3.1", "content": { "application/json": {} } });
    let document = json!({ "operationId": "document", "summary": "This document",
                           "responses": { "200": itself, "default": refused } });
    paths.insert("/api/v1/openapi.json".to_owned(), json!({ "get": document }));
    let schemas: Map<_, _> = SHAPES.iter().map(|(name, said)| ((*name).to_owned(), object(said))).collect();
    let error = json!({
        "type": "object",
        "properties": { "error": {
            "type": "object",
            "properties": { "kind": { "type": "string" }, "message": { "type": "string" } },
            "required": ["kind", "message"],
        } },
        "required": ["error"],
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Klatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the command line asks of a running node, over HTTP on loopback. People, groups and \
                            events are named as on the command line: by id, its beginning, name or title.",
        },
        "x-left-out": LEFT_OUT.iter().map(|(name, why)| ((*name).to_owned(), json!(why))).collect::<Map<_, _>>(),
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer",
                                            "description": "`klatch page --token` prints it; it is of one run" } },
            "responses": { "refused": { "description": "Why it was not done",
                                        "content": { "application/json": { "schema": error } } } },
            "schemas": schemas,
        },
    })
}
