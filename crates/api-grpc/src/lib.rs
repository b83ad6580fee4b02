//! The face that connectors see: token endpoint and BatonService.
