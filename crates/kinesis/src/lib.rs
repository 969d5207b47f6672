//! Kinesis streams: addresses, shards read in order across splits and merges, throttling; for the journal and for the source.
