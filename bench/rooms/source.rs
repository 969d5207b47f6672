//! How fast a source brings records: `cargo run --release -p headcount-source --features kafka --example bench_source -- \
//! kafka://localhost:9092/meetup 1000000`. Counts messages until there are so many or the source ends, and keeps nothing.

use std::time::Instant;

use headcount_source::{AnySource, Resume, SourceAddress, shutdown, sink, status};

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SourceAddress = arguments
        .next()
        .ok_or("give the address of a source")?
        .parse()?;
    let wanted: usize = arguments
        .next()
        .map_or(Ok(usize::MAX), |text| text.parse())?;

    let (sink, mut inbox) = sink::channel(sink::SinkLimits::default());
    let (report, status) = status::status(address.to_string());
    let (trigger, shutdown) = shutdown::shutdown();
    let source = tokio::spawn(AnySource::new(address).run(sink, Resume::fresh(), report, shutdown));

    let (mut began, mut batches, mut messages, mut bytes) = (None, 0, 0, 0);
    while messages < wanted
        && let Some(delivery) = inbox.next().await
    {
        // From the first batch on: connecting is not pulling.
        let _ = began.get_or_insert_with(Instant::now);
        batches += 1;
        messages += delivery.batch.messages();
        bytes += delivery.batch.bytes();
    }
    let seconds = began.map_or(0.0, |began| began.elapsed().as_secs_f64());
    println!(
        "{messages} messages of {bytes} bytes in {batches} batches, {seconds:.3} s: {:.0} a second",
        messages as f64 / seconds.max(1e-9)
    );
    trigger.stop();
    drop(inbox);
    source.await??;
    let trouble = status.borrow().error.clone();
    trouble.map_or(Ok(()), |error| Err(error.into()))
}
