//! The table of `/api/top_venues`.

use std::fmt::Write;

use headcount_engine::VenueTotal;

use crate::api::stream_name::push_cell;

pub(super) fn to_html(venues: &[VenueTotal]) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Top Venues</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <link rel=\"icon\" href=\"../icon.svg\"></head>\n<body>\n<main>\n\
         <h1>Top Venues</h1>\n<table>\n<thead><tr><th>Venue Name</th><th>City</th>\
         <th>'Yes' RSVPS</th></tr></thead>\n<tbody>\n",
    );
    for venue in venues {
        html.push_str("<tr>");
        push_cell(&mut html, &venue.venue_name);
        push_cell(&mut html, &venue.group_city);
        writeln!(html, "<td>{}</td></tr>", venue.count).expect("a String takes every character");
    }
    html.push_str("</tbody>\n</table>\n</main>\n</body>\n</html>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_is_a_row() {
        let venue = VenueTotal {
            count: 2,
            group_city: "Abu Dhabi".into(),
            lat: None,
            lon: None,
            venue_name: "<b>".into(),
        };
        let html = to_html(&[venue]);
        let row =
            "<tr><td dir=\"auto\">&lt;b&gt;</td><td dir=\"auto\">Abu Dhabi</td><td>2</td></tr>\n";
        assert!(html.contains(row), "{html}");
    }
}
