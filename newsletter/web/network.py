"""Which network a request came from: enough to see a pattern, too little for a person.

Behind a proxy the web server has already put the reader's own address in place of the
proxy's, if `web.forwarded_allow_ips` lets that proxy say so.
"""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

# What one line of a provider usually has; a single host changes its address at will.
_BITS_OF_4 = 24
_BITS_OF_6 = 48


def network_of(request: Request) -> str:
    """Return the network a request came from, such as ``203.0.113.0/24``.

    Returns:
        A /24 of IPv4 or a /48 of IPv6; nothing when the address is not known.
    """
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = _BITS_OF_4 if address.version == 4 else _BITS_OF_6
    return str(ip_network(f"{address}/{bits}", strict=False))
