//! The program reads topics and streams that others wrote, without keys, as it reads recordings.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use headcount_kinesis::{Client, Credentials, HashKey, Options, Put};
use headcount_test_servers::{Kafka, Kinesis};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    harness::{fresh_name, turn, undamaged, wait_until_golden},
    support::*,
};

/// Where nobody gives keys there is no order between partitions or shards: which of two answers came first, and so
/// whether the older was replaced or ignored, is open. Everything else is not.
const UNORDERED: [&str; 1] = ["kinds"];

/// All that is in the undamaged recordings, one JSON text each; two are cut off.
fn records(data: &Path) -> Vec<String> {
    undamaged(data)
        .iter()
        .flat_map(|file| all_lines_of(file))
        .collect()
}

/// A new topic of three partitions.
fn topic(kafka: &Kafka) -> String {
    let name = fresh_name();
    let tool = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/servers/bin/kafka-tool"
    );
    run(Command::new(tool)
        .args(["topics", "--bootstrap-server", &kafka.bootstrap()])
        .args(["--create", "--topic", &name, "--partitions", "3"]));
    name
}

/// Writes one message a line, without keys, as anybody would by hand.
fn write(kafka: &Kafka, topic: &str, lines: &[String]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), lines.join("\n") + "\n").unwrap();
    run(Command::new("kcat")
        .args(["-b", &kafka.bootstrap(), "-t", topic, "-P", "-l"])
        .arg(file.path())
        .stdin(Stdio::null()));
}

/// Runs on a source with the journal in a folder until it has the right answer, and looks at what was kept.
fn gives_the_golden_answer(source: &str, right: &Value) {
    let kept = tempfile::tempdir().unwrap();
    let process = Process::run(kept.path(), &[source.to_owned()], &[]);
    wait_until_golden(|| Some(process.summary()), right, &UNORDERED);
    process.stop();
    assert_golden(&summary(kept.path()), right, &UNORDERED);
    verify(kept.path());
}

#[test]
fn topics_that_kcat_wrote_give_the_golden_answer_also_encoded_twice() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let kafka = Kafka::shared();
    let plain = records(&data);
    // What a producer writes that hands JSON to a serializer of JSON.
    let twice: Vec<_> = plain
        .iter()
        .map(|record| Value::from(record.as_str()).to_string())
        .collect();
    for lines in [plain, twice] {
        let topic = topic(kafka);
        write(kafka, &topic, &lines);
        let source = format!("kafka://{}/{topic}?from=earliest", kafka.bootstrap());
        gives_the_golden_answer(&source, &right);
    }
}

/// A stream of Kinesis on the tests' server.
struct Stream {
    client: Client,
    runtime: Runtime,
    address: String,
}

impl Stream {
    fn new(shards: u16) -> Self {
        let endpoint = Kinesis::shared().endpoint();
        let address = format!("kinesis://us-east-1/{}?endpoint={endpoint}", fresh_name());
        let options = Options {
            // A server of ours does not look at them.
            credentials: Some(Credentials::new("test", "test", None, None, "tests")),
            ..Options::default()
        };
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(async {
            let client = Client::connect(&address.parse().unwrap(), options)
                .await
                .unwrap();
            client.create(shards).await.unwrap();
            client
        });
        Self {
            client,
            runtime,
            address,
        }
    }

    /// Puts records anywhere: their place has nothing to do with what they are about.
    fn put(&self, records: &[String]) {
        const PLACES: u16 = 7;
        let put = |(place, record): (u16, &String)| Put {
            data: record.clone().into_bytes(),
            partition_key: "any".to_owned(),
            hash_key: HashKey::middle_of(place, PLACES),
        };
        let records = (0..PLACES).cycle().zip(records).map(put).collect();
        self.runtime.block_on(self.client.put(records)).unwrap();
    }

    fn open_shards(&self) -> Vec<headcount_kinesis::Shard> {
        let mut shards = self.runtime.block_on(self.client.shards()).unwrap();
        shards.retain(|shard| shard.is_open);
        shards
    }

    /// Splits the first shard in the middle.
    fn split(&self) {
        let before = self.open_shards();
        let shard = &before[0];
        let (first, last) = (shard.keys.start().0, shard.keys.end().0);
        let request = json!({
            "StreamName": self.client.stream(),
            "ShardToSplit": shard.id,
            "NewStartingHashKey": (first + (last - first) / 2).to_string(),
        });
        run(Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--max-time", "60"])
            .args(["--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "a:b"])
            .args(["-H", "content-type: application/x-amz-json-1.1"])
            .args(["-H", "x-amz-target: Kinesis_20131202.SplitShard"])
            .args(["--data", &request.to_string()])
            .arg(Kinesis::shared().endpoint()));
        wait_until("the shard is split", || {
            self.open_shards().len() == before.len() + 1
        });
    }
}

#[test]
fn a_stream_of_kinesis_whose_shard_is_split_gives_the_golden_answer() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let records = records(&data);
    let (before, after) = records.split_at(records.len() / 2);
    let stream = Stream::new(2);
    stream.put(before);
    let kept = tempfile::tempdir().unwrap();
    let mut command = headcount();
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let source = format!("{}&from=earliest", stream.address);
    let process = Process::run_with(command, kept.path(), &[source], &[]);
    wait_until("it is ready", || process.is_ready());
    // It has what came before, so that the split comes in the middle of its reading.
    wait_until("the first half is counted", || {
        process.summary()["ledger"]["received"].as_u64() >= Some(before.len() as u64)
    });
    stream.split();
    stream.put(after);
    wait_until_golden(|| Some(process.summary()), &right, &UNORDERED);
    process.stop();
    assert_golden(&summary(kept.path()), &right, &UNORDERED);
    verify(kept.path());
}
