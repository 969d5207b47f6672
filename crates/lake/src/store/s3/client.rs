//! The client of the store, and where its credentials come from.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{ClientOptions, RetryConfig};

use super::super::address::S3Address;
use super::super::error::{Error, Result};

/// The client, with what the environment says about credentials and region.
pub(super) fn build(address: &S3Address, name: &str) -> Result<AmazonS3> {
    let credentials = |reason: String| Error::Credentials {
        lake: name.to_owned(),
        reason,
    };
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let (id, secret) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY"));
    if id != secret {
        let missing = if id {
            "AWS_SECRET_ACCESS_KEY"
        } else {
            "AWS_ACCESS_KEY_ID"
        };
        return Err(credentials(format!("{missing} is not set")));
    }
    // Another endpoint than that of AWS has no roles of machines to ask for.
    let role = set("AWS_WEB_IDENTITY_TOKEN_FILE")
        || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || set("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if !id && !role && address.endpoint.is_some() {
        return Err(credentials("the environment has none".to_owned()));
    }
    let options = ClientOptions::new()
        .with_allow_http(address.allow_http)
        .with_connect_timeout(Duration::from_secs(5))
        // Attempts have their own limit, which knows how much is sent.
        .with_timeout_disabled();
    let mut builder = AmazonS3Builder::from_env()
        .with_client_options(options)
        .with_bucket_name(&address.bucket)
        .with_virtual_hosted_style_request(address.virtual_hosted)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &address.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &address.region {
        builder = builder.with_region(region);
    }
    builder.build().map_err(|e| credentials(e.to_string()))
}
