//! The description of the API as OpenAPI 3.1, made from the table of routes: nothing is served that it does not have.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::http::{
    json::to_bytes,
    parameters::{DIMENSIONS, LIMIT_MAX, OFFSET_MAX, SORTS, VALUE_CHARS_MAX, VALUES_MAX},
    routes::{AnswerType, Operation, Parameters, Route},
};

/// Where it is served.
pub(crate) const PATH: &str = "/api/v1/openapi.json";

/// The document for these routes.
pub(crate) fn document(routes: &[Route]) -> Bytes {
    let mut paths = Map::new();
    for Route {
        path, operation, ..
    } in routes
    {
        paths.insert(path.clone(), path_item(path, operation));
    }
    let itself = Operation {
        tag: "Program",
        summary: "This description",
        parameters: &[],
        answers: &[AnswerType::Object],
        body: None,
    };
    paths.insert(PATH.to_owned(), path_item(PATH, &itself));
    to_bytes(&json!({
        "openapi": "3.1.0",
        "info": {
            "title": "headcount",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "People who come to events, counted from a stream of answers. Several values of one filter mean \"or\", several filters mean \"and\".",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        // Beside this document, whatever path a proxy serves it under.
        "servers": [{"url": "../.."}],
        "paths": paths,
        "components": {"schemas": {"Problem": problem()}, "parameters": shared()},
    }))
}

fn path_item(path: &str, operation: &Operation) -> Value {
    let mut parameters = in_path(path);
    for part in operation.parameters {
        let names = in_query(*part).into_iter();
        parameters.extend(
            names.map(|(name, _)| json!({"$ref": format!("#/components/parameters/{name}")})),
        );
    }
    let mut described = json!({
        "operationId": id_of(path),
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer", "content": content(operation.answers)},
            "304": {"description": "The answer is the one whose ETag was sent in If-None-Match"},
            "default": {
                "description": "Why there is no answer, and what to do",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Problem"}},
                    "application/problem+json": {"schema": {"type": "object"}},
                },
            },
        },
    });
    let method = match operation.body {
        None => "get",
        Some(members) => {
            let members = members.iter();
            let members: Map<_, _> = members
                .map(|(name, kind)| ((*name).to_owned(), json!({"type": kind})))
                .collect();
            described["requestBody"] = json!({
                "required": true,
                "content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": members,
                    "additionalProperties": false,
                }}},
            });
            "post"
        }
    };
    json!({ method: described })
}

/// `/api/v1/events/{id}` is `api_v1_events_id`.
fn id_of(path: &str) -> String {
    let word = |part: &str| part.trim_matches(['{', '}']).replace('.', "_");
    let words: Vec<_> = path.split('/').skip(1).map(word).collect();
    words.join("_")
}

fn in_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    names
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": {"type": "string", "minLength": 1, "maxLength": VALUE_CHARS_MAX},
            })
        })
        .collect()
}

/// Every parameter of an address, once.
fn shared() -> Map<String, Value> {
    let parts = [
        Parameters::Board,
        Parameters::Page,
        Parameters::List,
        Parameters::Clusters,
    ];
    parts.into_iter().flat_map(in_query).collect()
}

fn in_query(part: Parameters) -> Vec<(String, Value)> {
    match part {
        Parameters::Filter => DIMENSIONS.iter().map(|name| dimension(name)).collect(),
        Parameters::Page => vec![
            parameter("limit", "Rows at most", number(1, LIMIT_MAX)),
            parameter(
                "offset",
                "Rows to leave out, from the first one",
                number(0, OFFSET_MAX),
            ),
        ],
        Parameters::List => {
            let sorts: Vec<_> = SORTS.iter().map(|(word, _)| *word).collect();
            vec![
                parameter(
                    "q",
                    "Only rows in whose name, group or city this stands",
                    text(),
                ),
                parameter(
                    "sort",
                    "What is first",
                    json!({"type": "string", "enum": sorts}),
                ),
                parameter(
                    "order",
                    "Without it the greatest number or the first name is first",
                    json!({"type": "string", "enum": ["asc", "desc"]}),
                ),
            ]
        }
        Parameters::Clusters => vec![
            parameter(
                "k",
                "How many clusters; as suggested without it",
                number(2, 40),
            ),
            parameter(
                "weights",
                "Whether venues weigh the same, or by the people who came",
                json!({"type": "string", "enum": ["venues", "people"]}),
            ),
        ],
        Parameters::Board => DIMENSIONS
            .iter()
            .map(|name| dimension(name))
            .chain(["category", "from", "to"].map(|name| parameter(name, "A filter", text())))
            .collect(),
    }
}

fn dimension(name: &str) -> (String, Value) {
    let (said, of_one) = match name {
        "country" => (
            "Countries of groups, ISO 3166 alpha-2, or `unknown`",
            text(),
        ),
        "city" => ("Cities of groups: `London`, or `New York|NY|us`", text()),
        "topic" => ("Topics of groups, by their `urlkey`", text()),
        "response" => (
            "What was answered",
            json!({"type": "string", "enum": ["yes", "no", "maybe"]}),
        ),
        "venue" => ("Venues, by their numbers", integer()),
        "group" => ("Groups, by their numbers", integer()),
        _ => ("Events, by their ids", text()),
    };
    let values = json!({"type": "array", "items": of_one, "maxItems": VALUES_MAX});
    let (name, mut described) = parameter(name, said, values);
    described["explode"] = true.into();
    (name, described)
}

fn parameter(name: &str, said: &str, schema: Value) -> (String, Value) {
    let described = json!({"name": name, "in": "query", "description": said, "schema": schema});
    (name.to_owned(), described)
}

fn text() -> Value {
    json!({"type": "string", "maxLength": VALUE_CHARS_MAX, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"})
}

fn integer() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX})
}

fn number(least: usize, most: usize) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

fn content(answers: &[AnswerType]) -> Map<String, Value> {
    let each = answers.iter().map(|answer| {
        let (media, schema) = match answer {
            AnswerType::Object => ("application/json", json!({"type": "object"})),
            AnswerType::Array => (
                "application/json",
                json!({"type": "array", "items": {"type": "object"}}),
            ),
            AnswerType::Csv => ("text/csv", json!({"type": "string"})),
            AnswerType::Html => ("text/html", json!({"type": "string"})),
            AnswerType::Events => ("text/event-stream", json!({"type": "string"})),
            AnswerType::Metrics => ("text/plain", json!({"type": "string"})),
            AnswerType::Arrow => (
                "application/vnd.apache.arrow.stream",
                json!({"type": "string", "contentMediaType": "application/octet-stream"}),
            ),
        };
        (media.to_owned(), json!({"schema": schema}))
    });
    each.collect()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "string", "description": "What is wrong, as a sentence"},
            "field": {"type": "string", "description": "The parameter that is wrong"},
            "limit": {"type": "string", "description": "The limit that leaves no room"},
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::routes::routes;

    #[test]
    fn every_route_is_described_once() {
        let routes = routes();
        let document: Value = serde_json::from_slice(&document(&routes)).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        assert_eq!(paths.len(), routes.len() + 1);
        let described = paths
            .values()
            .flat_map(|item| item.as_object().expect("an item").values());
        let ids: BTreeSet<_> = described
            .map(|operation| operation["operationId"].as_str().expect("an id"))
            .collect();
        assert_eq!(ids.len(), paths.len());
        let list = &paths["/api/v1/groups.csv"]["get"];
        assert_eq!(list["parameters"].as_array().map(Vec::len), Some(12));
        assert!(list["responses"]["200"]["content"]["text/csv"].is_object());
        assert_eq!(
            paths["/api/v1/events/{id}"]["get"]["parameters"][0]["in"],
            "path"
        );
        assert!(paths["/api/v1/sql"]["post"]["requestBody"].is_object());
    }
}
