"""Modbus TCP: register maps as data, their images, and the server that reads and writes them."""
