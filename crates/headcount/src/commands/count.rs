//! `headcount count`: counts recordings in memory and stores nothing.

use std::{
    io::{self, Read},
    path::Path,
    thread,
};

use anyhow::Result;
use headcount_mapping::RecordReader;
use headcount_source::files::{self, FileContent};

use super::print_summary;
use crate::{
    cli,
    counting::{CountedInput, Counter},
    exit::{DATA, NO_INPUT, code_of_source},
    failures::Failures,
    progress::Bar,
    recordings::no_record_in,
};

pub(crate) fn run(args: cli::CountArgs) -> Result<()> {
    let threads = args.threads.map_or_else(
        || thread::available_parallelism().map_or(1, Into::into),
        usize::from,
    );
    let mapping = args.mapping;
    let reader = mapping
        .as_ref()
        .map_or(RecordReader::Json, |mapping| mapping.reader());
    let schema = match &mapping {
        Some(mapping) => mapping.schema(),
        None => crate::schema::of_sources()?,
    };
    let mut count = FileCounter {
        counter: Counter::new(threads, &schema, mapping),
        reader,
        bar: Bar::new(),
        failures: Failures::default(),
        notices: Vec::new(),
        read_any: false,
    };
    for path in &args.files {
        if path == Path::new("-") {
            count.standard_input();
        } else {
            count.path(path);
        }
    }
    count.bar.over();
    for notice in &count.notices {
        tracing::warn!("{notice}");
    }
    // The readable part of a damaged file counts, and so do the other files; then the failures are reported.
    let printed = match count.read_any {
        true => print_summary(&count.counter.summary(), args.json),
        false => Ok(()),
    };
    count.failures.into_result().and(printed)
}

/// Recordings being counted.
struct FileCounter {
    counter: Counter,
    /// How what the files hold becomes JSON.
    reader: RecordReader,
    bar: Bar,
    failures: Failures,
    /// Sentences about the inputs, which the bar must not wipe away.
    notices: Vec<String>,
    /// Whether any input could be opened. Without one there is no summary, not even of zeros.
    read_any: bool,
}

impl FileCounter {
    fn standard_input(&mut self) {
        match files::unpack(io::stdin()) {
            Ok(reader) => self.read("-", "standard input", reader),
            Err(error) => self
                .failures
                .add(NO_INPUT, format!("standard input: {error}")),
        }
    }

    /// A file, or all files of a folder.
    fn path(&mut self, path: &Path) {
        let files = match files::files_of(path) {
            Ok(files) => files,
            Err(error) => return self.failures.add(code_of_source(&error), error.to_string()),
        };
        for file in files {
            let label = file.display().to_string();
            match files::open(&file) {
                Ok(content) => {
                    self.bar.phase(format!("counting {label}"));
                    let watched = Watched {
                        content,
                        bar: self.bar.clone(),
                    };
                    self.read(&format!("file:{label}"), &label, watched);
                }
                Err(error) => {
                    let code = match error.kind() {
                        io::ErrorKind::Unsupported | io::ErrorKind::InvalidData => DATA,
                        _ => NO_INPUT,
                    };
                    self.failures.add(code, format!("{label}: {error}"));
                }
            }
        }
    }

    fn read(&mut self, name: &str, label: &str, reader: impl Read + Send) {
        self.read_any = true;
        let reader = match self.reader.records(reader) {
            Ok(reader) => reader,
            Err(error) => return self.failures.add(DATA, format!("{label}: {error}")),
        };
        let CountedInput {
            values,
            notice,
            ended,
        } = self.counter.count(name, reader);
        if let Some(notice) = notice {
            self.notices.push(format!("{label}: {notice}"));
        }
        match ended {
            Err(error) => self.failures.add(
                NO_INPUT,
                format!("{label}: reading failed: {error} (everything before was counted)"),
            ),
            Ok(()) if values.records == 0 && values.refused > 0 => {
                let file = name.strip_prefix("file:").map(Path::new);
                self.failures
                    .add(DATA, no_record_in(label, file, values.refused));
            }
            Ok(()) => {}
        }
    }
}

/// A file that moves the bar as it is read.
struct Watched {
    content: FileContent,
    bar: Bar,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (done, total) = self.content.progress();
        self.bar.at(done, total);
        self.content.read(buffer)
    }
}
