"""The warehouse: records of what happened, the lake of Parquet files that follows from them, and the database."""
