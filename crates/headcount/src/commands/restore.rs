//! `headcount restore`: a data folder out of a backup.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{print, verify};
use crate::{
    backup::{making::put_in_place, manifest::BackupManifest},
    cli,
    exit::{CANNOT_CREATE, exit},
    text::{number, time},
};

pub(crate) fn run(args: cli::RestoreArgs) -> Result<()> {
    let manifest = BackupManifest::read(&args.backup)?;
    let is_new = !args.dir.exists();
    ensure_empty(&args.dir)?;
    fs::create_dir_all(&args.dir).with_context(|| format!("create {}", args.dir.display()))?;
    if let Err(error) = put_in_place(&args.backup, &manifest, &args.dir) {
        // Half a data folder would be taken for a whole one.
        empty(&args.dir, is_new)?;
        return Err(error);
    }
    if !args.json {
        print(&format!(
            "restored  {} files, as of {}; each has the hash that the backup's manifest says\n",
            number(manifest.files.len() as u64),
            time(manifest.made_ms)
        ))?;
    }
    verify::run(cli::DataArgs {
        data: args.dir,
        json: args.json,
    })
}

fn ensure_empty(dir: &Path) -> Result<()> {
    if dir.exists()
        && fs::read_dir(dir)
            .with_context(|| format!("list {}", dir.display()))?
            .next()
            .is_some()
    {
        let dir = dir.display();
        return Err(exit(
            CANNOT_CREATE,
            format!(
                "{dir} is not empty; restore into a new folder, and move it into place afterwards"
            ),
        ));
    }
    Ok(())
}

/// Removes everything in a folder that was empty before, and the folder if it was not there.
fn empty(dir: &Path, is_new: bool) -> Result<()> {
    fs::remove_dir_all(dir)
        .and_then(|()| if is_new { Ok(()) } else { fs::create_dir(dir) })
        .with_context(|| format!("empty {}", dir.display()))
}
