//! The REST face under `/api/v1`, with its OpenAPI.
