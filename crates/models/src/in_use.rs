//! Loading the versions in use.

use std::{collections::BTreeMap, sync::Arc};

use headcount_learn::{
    ModelError, ModelName, Served, ServedModels, category::CategoryModel, places::PlacesModel,
    response::ResponseModel, themes::ThemesModel, turnout::TurnoutModel,
};

use crate::{ModelStore, Result};

/// Loads what is in use. A version that is loaded already is taken from `before`; one that is refused leaves the one
/// before in use, and its reason in [`refused`](ServedModels::refused).
///
/// # Errors
/// When the place of the store fails.
pub fn load_in_use(store: &ModelStore, before: &ServedModels) -> Result<ServedModels> {
    let mut refused = BTreeMap::new();
    Ok(ServedModels {
        category: load(
            store,
            ModelName::Category,
            &before.category,
            CategoryModel::from_bytes,
            &mut refused,
        )?,
        response: load(
            store,
            ModelName::Response,
            &before.response,
            ResponseModel::from_bytes,
            &mut refused,
        )?,
        turnout: load(
            store,
            ModelName::Turnout,
            &before.turnout,
            TurnoutModel::from_bytes,
            &mut refused,
        )?,
        places: load(
            store,
            ModelName::Places,
            &before.places,
            PlacesModel::from_bytes,
            &mut refused,
        )?,
        themes: load(
            store,
            ModelName::Themes,
            &before.themes,
            ThemesModel::from_bytes,
            &mut refused,
        )?,
        refused,
    })
}

type FromBytes<M> = fn(&[u8]) -> std::result::Result<M, ModelError>;

fn load<M>(
    store: &ModelStore,
    name: ModelName,
    before: &Option<Arc<Served<M>>>,
    from_bytes: FromBytes<M>,
    refused: &mut BTreeMap<ModelName, String>,
) -> Result<Option<Arc<Served<M>>>> {
    let mut refuse = |why: String| {
        refused.insert(name, why);
        Ok(before.clone())
    };
    let promotion = match store.promotion(name) {
        Ok(promotion) => promotion,
        Err(error @ crate::Error::Promotion { .. }) => return refuse(error.to_string()),
        Err(error) => return Err(error),
    };
    let Some(version) = promotion.and_then(|promotion| promotion.version) else {
        return Ok(None);
    };
    if let Some(same) = before
        .as_ref()
        .filter(|served| served.card.version == version)
    {
        return Ok(Some(Arc::clone(same)));
    }
    let stored = match store.read(name, version) {
        Ok(stored) => stored,
        Err(error @ (crate::Error::Refused { .. } | crate::Error::NoVersion { .. })) => {
            return refuse(error.to_string());
        }
        Err(error) => return Err(error),
    };
    match from_bytes(&stored.bytes) {
        Ok(model) => Ok(Some(Arc::new(Served {
            card: stored.card,
            model,
        }))),
        Err(error) => refuse(error.to_string()),
    }
}
