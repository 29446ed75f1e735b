"""Films as pictures: ``poster`` chooses a frame; ``opened`` opens, ``moments`` compares, ``frame`` converts."""
