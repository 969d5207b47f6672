//! One way to start any source: from its address.

use crate::address::SourceAddress;
use crate::error::{Ended, Error};
use crate::position::Resume;
use crate::record_time::ReadTime;
use crate::run::{Context, Options};
use crate::shutdown::Shutdown;
use crate::sink::Sink;
use crate::status::Reporter;
use crate::{files, http, simulated, stdin, websocket};

/// Any source there is.
#[derive(Debug, Clone)]
pub struct AnySource {
    address: SourceAddress,
    read_time: ReadTime,
    options: Options,
}

impl AnySource {
    /// The source of an address, with the default [`Options`].
    pub fn new(address: SourceAddress) -> Self {
        AnySource {
            address,
            read_time: ReadTime::default(),
            options: Options::default(),
        }
    }

    /// With the function that reads the time of a record.
    #[must_use]
    pub fn with_read_time(self, read_time: ReadTime) -> Self {
        AnySource { read_time, ..self }
    }

    /// With other limits and delays than the default ones.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        AnySource { options, ..self }
    }

    /// Runs until there is nothing more to read, until it is time to stop, or until it cannot go on. Trouble on the
    /// network does not end it. What was read is in the sink when it returns, as long as the program empties the sink.
    ///
    /// # Errors
    /// When it cannot go on; the status says the same.
    pub async fn run(
        self,
        sink: Sink,
        resume: Resume,
        report: Reporter,
        shutdown: Shutdown,
    ) -> Result<Ended, Error> {
        let last_word = report.clone();
        let context = Context {
            sink,
            resume,
            report,
            shutdown,
            read_time: self.read_time,
            options: self.options,
        };
        let ended = match self.address {
            SourceAddress::WebSocket(address) => websocket::run(address, context).await,
            SourceAddress::Http(address) => http::run(address, context).await,
            SourceAddress::File(address) => files::run(address, context).await,
            SourceAddress::Simulation(address) => simulated::run(address, context).await,
            SourceAddress::StandardInput => stdin::run(context).await,
            SourceAddress::Objects(objects) => files::objects::run(objects, context).await,
            #[cfg(feature = "kafka")]
            SourceAddress::Kafka(address) => crate::kafka::run(address, context).await,
            #[cfg(feature = "kinesis")]
            SourceAddress::Kinesis(address) => crate::kinesis::run(address, context).await,
            SourceAddress::Unbuilt(address) => Err(Error::Unbuilt(address)),
        };
        last_word.ended(ended.as_ref().err());
        ended
    }
}
