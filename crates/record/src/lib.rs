//! Records of the five feeds: decoding with reasons, versions, and the masking of people.
