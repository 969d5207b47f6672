//! The API is what its description says, for whatever requests a machine makes up from it.

use std::{fs, process::Command};

use crate::{live::Live, python::packages, shared_data};

const REQUIREMENTS: &str = "schemathesis==4.32.5";

/// An address longer than 8 KiB is refused as such, whatever it says.
const CONFIGURATION: &str = r#"
[checks]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "414", "415", "422", "428", "429", "5xx"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    let Some(data) = shared_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let recording = data.join("rsvps/2017-03-19.ndjson");
    let live = Live::over(&recording, &folder.path().join("data"), "off").await;
    let described = live.get("/api/v1/openapi.json", &[]).await.unwrap();
    let description = folder.path().join("openapi.json");
    fs::write(&description, described.to_string()).unwrap();
    let configuration = folder.path().join("schemathesis.toml");
    fs::write(&configuration, CONFIGURATION).unwrap();
    let packages = packages(REQUIREMENTS);
    let mut schemathesis = Command::new(packages.join("bin/schemathesis"));
    schemathesis.arg("--config-file").arg(&configuration);
    schemathesis.arg("run").arg(&description);
    schemathesis.args(["--url", &format!("http://{}", live.address)]);
    schemathesis.args(["--max-examples", "3", "--seed", "1", "--no-color"]);
    // It never ends; what it sends has tests of its own.
    schemathesis.args(["--exclude-path", "/api/v1/live"]);
    // Without a worker and models these say that there are none.
    schemathesis.args(["--exclude-tag", "Tables", "--exclude-tag", "Models"]);
    // This version fills some texts by the rule of another parameter and then calls them valid.
    schemathesis.args(["--exclude-checks", "positive_data_acceptance"]);
    schemathesis.env("PYTHONPATH", &packages);
    schemathesis.current_dir(folder.path());
    let output = schemathesis.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Tested: 39"), "{said}");
}
