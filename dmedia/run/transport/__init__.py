"""Files on their way between stores and slots: fetched by the worker, worked on in a slot, put by the worker."""
