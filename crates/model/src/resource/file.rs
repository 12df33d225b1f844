//! Reading YAML files.
