//! The bytes of a model: the number of their format, then the model.

use serde::{Serialize, de::DeserializeOwned};

use crate::ModelError;

/// Writes a model behind the number of its format.
pub(crate) fn to_bytes(format: u32, model: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(&(format, model)).expect("the parts of a model have known lengths")
}

/// Reads what [`to_bytes`] wrote. Whether its numbers make sense is for the model to check.
///
/// # Errors
/// Another format, and bytes that are cut or follow the end.
pub(crate) fn from_bytes<M: DeserializeOwned>(
    model: &'static str,
    format: u32,
    bytes: &[u8],
) -> Result<M, ModelError> {
    let cut = |_| ModelError::Cut { model };
    let (found, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(cut)?;
    if found != format {
        return Err(ModelError::Format {
            model,
            found,
            expected: format,
        });
    }
    let (read, rest) = postcard::take_from_bytes::<M>(rest).map_err(cut)?;
    if !rest.is_empty() {
        return Err(ModelError::Trailing {
            model,
            bytes: rest.len(),
        });
    }
    Ok(read)
}
