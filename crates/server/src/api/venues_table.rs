//! The table of `/api/top_venues`: names from the stream in HTML.

use std::fmt::Write;

use headcount_engine::VenueTotal;

/// Longer names are cut in the table; the JSON has them whole.
const SHOWN_CHARS_MAX: usize = 256;

pub(super) fn to_html(venues: &[VenueTotal]) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Top Venues</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"></head>\n<body>\n<main>\n\
         <h1>Top Venues</h1>\n<table>\n<thead><tr><th>Venue Name</th><th>City</th>\
         <th>'Yes' RSVPS</th></tr></thead>\n<tbody>\n",
    );
    for venue in venues {
        html.push_str("<tr><td dir=\"auto\">");
        show(&mut html, &venue.venue_name);
        html.push_str("</td><td dir=\"auto\">");
        show(&mut html, &venue.group_city);
        writeln!(html, "</td><td>{}</td></tr>", venue.count)
            .expect("a String takes every character");
    }
    html.push_str("</tbody>\n</table>\n</main>\n</body>\n</html>\n");
    html
}

/// Appends text of the stream as text: markup escaped, invisible characters left out, cut when long.
fn show(html: &mut String, text: &str) {
    let mut visible = text.chars().filter(|c| !is_invisible(*c));
    for character in visible.by_ref().take(SHOWN_CHARS_MAX) {
        match character {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    if visible.next().is_some() {
        html.push('…');
    }
}

/// Controls, and what reorders or hides the text around it (but not the joiners that scripts need).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn venue(name: &str, lat: Option<f64>, lon: Option<f64>) -> VenueTotal {
        VenueTotal {
            count: 2,
            group_city: "Abu Dhabi".into(),
            lat,
            lon,
            venue_name: name.into(),
        }
    }

    #[test]
    fn names_of_the_stream_are_text_in_the_table() {
        for (name, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "\"><img src=x onerror=alert(1)>",
                "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;",
            ),
            ("' onmouseover='x", "&#39; onmouseover=&#39;x"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("abc\u{202e}fed\u{200b}\u{7}\r\n", "abcfed"),
            (
                "👩\u{200d}💻 می\u{200c}خواهم",
                "👩\u{200d}💻 می\u{200c}خواهم",
            ),
            ("{{7*7}}", "{{7*7}}"),
        ] {
            let html = to_html(&[venue(name, None, None)]);
            assert!(
                html.contains(&format!("<td dir=\"auto\">{shown}</td>")),
                "{html}"
            );
        }
        let long = to_html(&[venue(&"x".repeat(300), None, None)]);
        assert!(long.contains(&format!(">{}…<", "x".repeat(256))));
    }
}
