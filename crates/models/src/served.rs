//! The versions in use, loaded: what the running program scores with.

use std::{collections::BTreeMap, sync::Arc};

use headcount_learn::{
    ModelError, category::CategoryModel, places::PlacesModel, response::ResponseModel,
    themes::ThemesModel, turnout::TurnoutModel,
};

use crate::{ModelName, ModelStore, Result, VersionCard};

/// A model in use.
#[derive(Debug)]
pub struct Served<M> {
    /// What it is worth.
    pub card: VersionCard,
    /// The model.
    pub model: M,
}

impl<M> Served<M> {
    /// As answers name it: `category/3`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.card.card.model, self.card.version)
    }
}

/// The models in use. One that is missing was never promoted, was taken out of use, or is refused.
#[derive(Clone, Debug, Default)]
pub struct ServedModels {
    /// Categories of events.
    pub category: Option<Arc<Served<CategoryModel>>>,
    /// Whether an answer is `yes`.
    pub response: Option<Arc<Served<ResponseModel>>>,
    /// How many will come.
    pub turnout: Option<Arc<Served<TurnoutModel>>>,
    /// Clusters of venues.
    pub places: Option<Arc<Served<PlacesModel>>>,
    /// Themes, and what sets cities apart.
    pub themes: Option<Arc<Served<ThemesModel>>>,
    /// Why a version that was promoted is not used.
    pub refused: BTreeMap<ModelName, String>,
}

impl ServedModels {
    /// Loads what is in use. A version that is loaded already is taken from `before`; one that is refused leaves the one
    /// before in use, and its reason in [`refused`](Self::refused).
    ///
    /// # Errors
    /// When the place of the store fails.
    pub fn load(store: &ModelStore, before: &Self) -> Result<Self> {
        let mut refused = BTreeMap::new();
        Ok(Self {
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

    /// Which version of a model is in use here.
    #[must_use]
    pub fn version(&self, name: ModelName) -> Option<u32> {
        match name {
            ModelName::Category => self.category.as_ref().map(|served| served.card.version),
            ModelName::Response => self.response.as_ref().map(|served| served.card.version),
            ModelName::Turnout => self.turnout.as_ref().map(|served| served.card.version),
            ModelName::Places => self.places.as_ref().map(|served| served.card.version),
            ModelName::Themes => self.themes.as_ref().map(|served| served.card.version),
        }
    }
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
