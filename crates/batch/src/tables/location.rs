//! Where the tables are.

use std::{collections::HashMap, fmt};

use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use headcount_lake::LakeAddress;
use url::Url;

use crate::{
    error::{Error, Result},
    model::LakeTable,
};

/// The folder `tables` of a lake, on disk or on S3.
#[derive(Clone, Debug)]
pub struct TablesLocation {
    lake: LakeAddress,
    root: Url,
    options: HashMap<String, String>,
}

impl TablesLocation {
    /// The tables of a lake. A folder that is missing is created.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn of(lake: LakeAddress) -> Result<Self> {
        let (root, options) = match &lake {
            LakeAddress::Disk(folder) => {
                let folder = folder.join("tables");
                let failed = |cause| Error::Other(format!("create {}: {cause}", folder.display()));
                std::fs::create_dir_all(&folder).map_err(failed)?;
                let folder = folder.canonicalize().map_err(failed)?;
                let root = Url::from_directory_path(&folder);
                (
                    root.map_err(|()| Error::Other(format!("{} has no URL", folder.display())))?,
                    HashMap::new(),
                )
            }
            LakeAddress::S3(s3) => {
                let slash = if s3.prefix.is_empty() { "" } else { "/" };
                let root = format!("s3://{}/{}{slash}tables/", s3.bucket, s3.prefix);
                let root =
                    Url::parse(&root).map_err(|cause| Error::Other(format!("{root}: {cause}")))?;
                let mut options = HashMap::new();
                if let Some(endpoint) = &s3.endpoint {
                    options.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.clone());
                }
                if let Some(region) = &s3.region {
                    options.insert("AWS_REGION".to_owned(), region.clone());
                }
                options.insert("AWS_ALLOW_HTTP".to_owned(), s3.allow_http.to_string());
                options.insert(
                    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST".to_owned(),
                    s3.virtual_hosted.to_string(),
                );
                // Commits rest on puts that create only, which the servers of S3 have had since 2024.
                options.insert("AWS_CONDITIONAL_PUT".to_owned(), "etag".to_owned());
                (root, options)
            }
        };
        Ok(Self {
            lake,
            root,
            options,
        })
    }

    /// The lake.
    #[must_use]
    pub fn lake(&self) -> &LakeAddress {
        &self.lake
    }

    /// The URL of a table, with a slash at its end.
    ///
    /// # Panics
    /// Never: names of tables are parts of URLs.
    #[must_use]
    pub fn url(&self, table: LakeTable) -> Url {
        self.root
            .join(&format!("{table}/"))
            .expect("a name of letters")
    }

    /// What the object store of a table needs to know beside its URL.
    #[must_use]
    pub fn options(&self) -> &HashMap<String, String> {
        &self.options
    }

    /// A table, not loaded yet; it need not be there.
    pub(crate) fn table(&self, table: LakeTable) -> Result<DeltaTable> {
        self.builder(table)
            .and_then(DeltaTableBuilder::build)
            .map_err(|cause| delta_error(table, cause))
    }

    fn builder(&self, table: LakeTable) -> std::result::Result<DeltaTableBuilder, DeltaTableError> {
        deltalake::aws::register_handlers(None);
        Ok(
            DeltaTableBuilder::from_url(self.url(table))?
                .with_storage_options(self.options.clone()),
        )
    }
}

impl fmt::Display for TablesLocation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lake {
            LakeAddress::Disk(folder) => write!(out, "{}", folder.join("tables").display()),
            LakeAddress::S3(_) => write!(out, "{}", self.root),
        }
    }
}

/// An error of a table.
pub(crate) fn delta_error(table: LakeTable, cause: DeltaTableError) -> Error {
    Error::Delta {
        table,
        cause: Box::new(cause),
    }
}
