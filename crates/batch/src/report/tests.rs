use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::{named::Filters, snapshot::TablesAsOf};

/// Names that try to be more than names.
const PAYLOADS: [&str; 42] = [
    "<script>globalThis.pwned = 1</script>",
    "<script src=https://evil.example/x.js></script>",
    "<img src=x onerror=globalThis.pwned=1>",
    "<img src=https://evil.example/pixel.png>",
    "<svg onload=globalThis.pwned=1>",
    "<svg><script>globalThis.pwned=1</script></svg>",
    "<svg><animate onbegin=globalThis.pwned=1 attributeName=x>",
    "<iframe src=javascript:globalThis.pwned=1>",
    "<iframe srcdoc=\"<script>parent.pwned=1</script>\">",
    "<body onload=globalThis.pwned=1>",
    "<a href=javascript:globalThis.pwned=1>click</a>",
    "<details open ontoggle=globalThis.pwned=1>",
    "<input autofocus onfocus=globalThis.pwned=1>",
    "<video><source onerror=globalThis.pwned=1>",
    "<audio src=x onerror=globalThis.pwned=1>",
    "<object data=javascript:globalThis.pwned=1>",
    "<embed src=javascript:globalThis.pwned=1>",
    "<math><mtext></mtext><style><img src=x onerror=globalThis.pwned=1>",
    "<template><script>globalThis.pwned=1</script></template>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example/\">",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example/><button>go</button></form>",
    "<style>*{display:none}</style>",
    "<p style=\"position:fixed;inset:0\">cover</p>",
    "\"><script>globalThis.pwned=1</script>",
    "'><img src=x onerror=globalThis.pwned=1>",
    "\" onmouseover=\"globalThis.pwned=1",
    "' autofocus onfocus='globalThis.pwned=1",
    "</script><script>globalThis.pwned=1</script>",
    "</title><script>globalThis.pwned=1</script>",
    "</style><script>globalThis.pwned=1</script>",
    "<!--><img src=x onerror=globalThis.pwned=1>-->",
    "<![CDATA[<script>globalThis.pwned=1</script>]]>",
    "javascript:globalThis.pwned=1",
    "data:text/html,<script>globalThis.pwned=1</script>",
    "{{constructor.constructor(\"globalThis.pwned=1\")()}}",
    "{% include \"/etc/passwd\" %}",
    "&lt;script&gt;globalThis.pwned=1&lt;/script&gt;",
    "&#60;img src=x onerror=globalThis.pwned=1&#62;",
    "\"; } * { background: url(https://evil.example/) }",
    "\\0000",
];

/// An answer with the columns that a statement has, and for every row a label and the same figures.
fn answer(name: &'static str, labels: &[&str], figure: u64) -> BoardAnswer {
    let statement = &named::find(name).unwrap().sql;
    // What follows the last AS in each line of the outermost SELECT, or the column itself.
    let columns: Vec<_> = [
        "rsvps",
        "yes",
        "no",
        "maybe",
        "people",
        "guests",
        "events",
        "venues",
        "groups",
        "countries",
        "cities",
        "members",
        "changes",
        "photos",
        "comments",
    ]
    .into_iter()
    .filter(|column| statement.contains(column))
    .collect();
    let label = named::find(name).unwrap().x;
    let names = std::iter::once(label)
        .chain(["city", "lat", "lon"])
        .chain(columns.iter().copied().filter(|name| *name != label));
    let names: Vec<_> = names
        .enumerate()
        .filter(|(at, name)| *at == 0 || *name != label)
        .map(|(_, name)| name)
        .collect();
    let row = |label: &&str| -> Vec<Value> {
        let value = |(at, name): (usize, &&str)| match *name {
            _ if at == 0 => json!(label),
            "city" => json!(label),
            "lat" => json!(52.5),
            "lon" => json!(13.4),
            _ => json!(figure),
        };
        names.iter().enumerate().map(value).collect()
    };
    let rows: Vec<_> = labels.iter().map(row).collect();
    let columns: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "type": "text"}))
        .collect();
    serde_json::from_value(
        json!({"columns": columns, "rows": rows, "truncated": false, "row_count": rows.len()}),
    )
    .unwrap()
}

fn totals(figures: [u64; 12]) -> BoardAnswer {
    let names = [
        "rsvps",
        "yes",
        "no",
        "maybe",
        "people",
        "guests",
        "events",
        "venues",
        "groups",
        "countries",
        "cities",
        "members",
    ];
    let mut row: Vec<_> = figures.iter().map(|figure| json!(figure)).collect();
    row.extend([
        json!("2017-03-19T12:11:10.960Z"),
        json!("2017-03-19T12:29:58Z"),
    ]);
    let columns = names
        .into_iter()
        .chain(["first_answer", "last_answer"])
        .map(|name| json!({"name": name}));
    serde_json::from_value(json!({"columns": columns.collect::<Vec<_>>(), "rows": [row]})).unwrap()
}

fn ledger(source: &str) -> Value {
    let account = json!({"received": 1_542, "kept": 1_541, "repaired": 0, "blanked": 0, "rejected": {"bad_json": 1},
        "new": 1_260, "replaced": 65, "repeated": 216, "stale": 0, "quarantined": {}, "gaps": 0});
    let mut ledger = account.clone();
    ledger["balanced"] = json!(true);
    ledger["sources"] = json!({source: account});
    json!({"ledger": ledger})
}

/// A report in which every name is one of these, and every figure of a board that one.
fn report(filters: Filters, names: &[&str], figure: u64) -> String {
    let mut answers: BTreeMap<String, BoardAnswer> = statements(&filters)
        .keys()
        .filter(|name| !name.starts_with("answers_by"))
        .map(|name| ((*name).to_owned(), answer(name, names, figure)))
        .collect();
    answers.insert(
        "totals".to_owned(),
        totals([
            1_260, 864, 396, 0, 1_002, 138, 1_164, 885, 1_031, 52, 412, 1_069,
        ]),
    );
    for step in ["minute", "hour", "day"] {
        let rows = json!([
            ["2017-03-19T12:00:00Z", 700, 500, 200],
            ["2017-03-20T12:00:00Z", 560, 364, 196]
        ]);
        let columns = [step, "rsvps", "yes", "no"].map(|name| json!({"name": name}));
        let series = serde_json::from_value(json!({"columns": columns, "rows": rows})).unwrap();
        answers.insert(format!("answers_by_{step}"), series);
    }
    let as_of = TablesAsOf {
        offsets: vec![12, 40],
        stream_time: Some(1_489_926_598_318),
    };
    let data = ReportData::of(
        filters,
        as_of,
        &ledger(names.first().copied().unwrap_or("sim")),
        answers,
    )
    .unwrap();
    render(&data).unwrap()
}

/// Opened elements are closed in turn, but for those that HTML has without an end.
fn assert_well_formed(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if name == "!doctype" || name == "meta" || tag.ends_with('/') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name.to_owned()), "</{name}>");
        } else {
            open.push(name.to_owned());
            if name == "style" {
                rest = &rest[rest.find("</style>").expect("the style ends")..];
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Every tag outside the style.
fn tags(html: &str) -> Vec<&str> {
    let (before, after) = html.split_once("<style>").unwrap();
    let after = after.split_once("</style>").unwrap().1;
    let parts = [before, after]
        .into_iter()
        .flat_map(|part| part.split('<').skip(1));
    parts.map(|part| part.split('>').next().unwrap()).collect()
}

#[test]
fn a_report_is_whole_and_of_itself() {
    let html = report(Filters::default(), &["Café Ørsted", "東京"], 7);
    assert_well_formed(&html);
    assert!(html.len() < 600_000, "{} bytes", html.len());
    assert!(!html.to_lowercase().contains("<script"));
    for tag in tags(&html) {
        // Outside of the quotes.
        let names: String = tag.split('"').step_by(2).collect();
        for attribute in [" src=", " href=", " style=", " on"] {
            assert!(!names.contains(attribute), "<{tag}>");
        }
    }
    let addresses: Vec<_> = html
        .match_indices("url(")
        .map(|(at, _)| &html[at..at + 25])
        .collect();
    assert_eq!(addresses, ["url(\"data:font/woff2;base64"[..25].to_owned()]);
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing from elsewhere"
    );
}

#[test]
fn figures_are_those_of_the_data() {
    let html = report(Filters::default(), &["Café"], 4_321);
    for text in [
        "<span class=\"figure\">1,260</span>",
        "<span class=\"figure\">69%</span>",
        "864 yes",
        "396 no",
        "<span class=\"figure\">1,002</span><p>with 138 guests</p>",
        "<span class=\"figure\">1,164</span><p>of 1,031 groups</p>",
        "<span class=\"figure\">885</span><p>in 412 cities</p>",
        "<span class=\"figure\">52</span><p>1,069 members</p>",
        "as of <b>19 Mar 2017, 12:29:58 UTC</b>",
        "Answers given 19 Mar 2017, 12:11 – 12:29 UTC",
        "<th scope=\"row\">Received</th><td>1,542</td>",
        "<th scope=\"row\" dir=\"auto\">bad json</th><td>1</td>",
        "<th scope=\"row\">Kept</th><td>1,541</td>",
        "The ledger balances.",
        "journal up to 12, 40 by partition",
        "<b>4,321</b>",
    ] {
        assert!(html.contains(text), "{text}");
    }
    for board in boards::names() {
        assert!(html.contains(&format!("id=\"{board}\"")), "{board}");
    }
}

#[test]
fn equal_data_make_equal_bytes() {
    assert_eq!(
        report(Filters::default(), &["a"], 1),
        report(Filters::default(), &["a"], 1)
    );
}

#[test]
fn hostile_names_stay_text() {
    let tame = report(Filters::default(), &["x"; 42], 7);
    let html = report(Filters::default(), &PAYLOADS, 7);
    assert_well_formed(&html);
    // Not a tag more or less, and none other: the names are text and nothing else.
    let names = |html: &str| {
        tags(html)
            .into_iter()
            .map(|tag| tag.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (ours, tames) = (names(&html), names(&tame));
    assert_eq!(ours, tames);
    for payload in PAYLOADS {
        let filters = ["topic", "city", "event", "category"].map(|name| (name, payload));
        let html = report(Filters::of_pairs(filters).unwrap(), &[payload], 7);
        assert_well_formed(&html);
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{payload}"
        );
        assert_eq!(html.matches("</style>").count(), 1, "{payload}");
    }
}

#[test]
fn what_is_chosen_is_said() {
    let pairs = [
        ("country", "gb,jp"),
        ("topic", "social"),
        ("response", "yes"),
    ];
    let html = report(Filters::of_pairs(pairs).unwrap(), &["gb", "jp"], 7);
    assert!(html.contains("<h1>RSVPs <span dir=\"auto\">United Kingdom and Japan</span></h1>"));
    assert!(html.contains("<li><span>Topic</span> <b dir=\"auto\">social</b></li>"));
    assert!(html.contains("United Kingdom: 7 RSVPs"));
    let whole = report(Filters::default(), &["gb"], 7);
    assert!(!whole.contains("class=\"chosen\"") && whole.contains("worldwide"));
    let view = |html: &str| {
        html.split("class=\"map\" viewBox=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(view(&whole), "0 0 9600 4424");
    assert_ne!(view(&html), view(&whole));
    // Every figure is of the chosen: the statements have the filters.
    let filters = Filters::of_pairs(pairs).unwrap();
    for (name, statement) in statements(&filters) {
        assert!(
            statement.contains("'jp'") && statement.contains("'social'"),
            "{name}"
        );
    }
}

#[test]
fn a_ledger_that_does_not_balance_says_so() {
    let mut summary = ledger("sim");
    summary["ledger"]["new"] = json!(1_259);
    let books = |summary: &Value| {
        let answers = statements(&Filters::default())
            .keys()
            .map(|name| {
                (
                    (*name).to_owned(),
                    if *name == "totals" {
                        totals([0; 12])
                    } else {
                        BoardAnswer::default()
                    },
                )
            })
            .collect();
        render(
            &ReportData::of(Filters::default(), TablesAsOf::default(), summary, answers).unwrap(),
        )
        .unwrap()
    };
    assert!(books(&summary).contains("The ledger does not balance."));
    let empty = books(&Value::Null);
    assert!(empty.contains("There was no live process to ask for its ledger."));
    assert!(empty.contains("Nothing is known here of: RSVPs by country, RSVPs by city, Topics"));
    assert!(empty.contains("Too few answers for a line over time."));
    assert_well_formed(&empty);
}

#[test]
fn a_missing_answer_is_named() {
    let refused = ReportData::of(
        Filters::default(),
        TablesAsOf::default(),
        &Value::Null,
        BTreeMap::new(),
    );
    assert_eq!(
        refused.err().unwrap().to_string(),
        "the report needs the answer of totals, and there is none"
    );
}
