"""Bath assistance and accessible trips: places asked for, decided by the engine, waited for, driven to and recorded."""
