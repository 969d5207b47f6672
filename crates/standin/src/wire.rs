//! A record in the form in which the real stream sent it: one line, every `/` escaped.

/// Rewrites one JSON value onto one line: blanks between its tokens go, `/` becomes `\/`. Keys,
/// their order and all other text stay as they are. The value must be valid.
pub(super) fn on_one_line(value: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(value.len() + 64);
    let mut in_text = false;
    let mut escaped = false;
    for &byte in value {
        match byte {
            _ if escaped => escaped = false,
            b'"' => in_text = !in_text,
            b'\\' => escaped = true,
            b'/' => line.push(b'\\'),
            b' ' | b'\t' | b'\n' | b'\r' if !in_text => continue,
            _ => {}
        }
        line.push(byte);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_lines() {
        let table = [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (
                "{\n  \"a b\" : [ 1,\t2 ],\r\n \"c\":{ } }",
                r#"{"a b":[1,2],"c":{}}"#,
            ),
            (r#"{"u":"http://x/\/y"}"#, r#"{"u":"http:\/\/x\/\/y"}"#),
            (r#"{"q":"say \"a / b\" "}"#, r#"{"q":"say \"a \/ b\" "}"#),
            (r#"{"b":"\\/"}"#, r#"{"b":"\\\/"}"#),
            (r#"{"b":"\\","c":" / "}"#, r#"{"b":"\\","c":" \/ "}"#),
        ];
        for (value, line) in table {
            let found = on_one_line(value.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), line, "{value}");
            assert_eq!(on_one_line(&found), found, "twice is once");
        }
    }
}
