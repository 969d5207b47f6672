//! The HTTP door: the JSON API, the live stream, metrics and the embedded page.
