//! Addresses and client configuration of Kafka, for the journal and for the source.
