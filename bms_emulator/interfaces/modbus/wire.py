"""All that is used of pymodbus: its codec for device identification.

The server classes of pymodbus change in every minor release and read one request at a time, and its transport costs
more than the answers do; nothing of them is used.
"""

from pymodbus.pdu.mei_message import ReadDeviceInformationResponse


def encode_identification(read_code: int, texts: dict[int, str], conformity: int) -> bytes:
    """Data of an answer with objects of the device identification, as many as fit.

    Args:
        read_code: Read code of the request.
        texts: Objects by id.
        conformity: What the device can do.
    """
    response = ReadDeviceInformationResponse(
        read_code=read_code, information={number: text.encode() for number, text in texts.items()}
    )
    response.conformity = conformity
    return bytes(response.encode())
