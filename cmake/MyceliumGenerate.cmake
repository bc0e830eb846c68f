# filled by the schema tool
