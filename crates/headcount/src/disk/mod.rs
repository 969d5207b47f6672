//! The disk that holds the data folder: whether the folder is still there, and how much room is left.

pub(crate) mod byte_size;
pub(crate) mod data_watch;
pub(crate) mod disk_room;
pub(crate) mod retention;
pub(crate) mod thresholds;
