/*
 * crc32c.h
 *	  CRC-32C bit by bit from a table, for kernels outside a server, which has one.
 */
#ifndef CRC32C_H
#define CRC32C_H

#include <stddef.h>
#include <stdint.h>

static uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
	static uint32_t table[256];
	const uint8_t *byte = bytes;
	int			i,
				bit;

	for (i = 0; table[255] == 0 && i < 256; i++)
	{
		uint32_t	entry = (uint32_t) i;

		for (bit = 0; bit < 8; bit++)
			entry = entry >> 1 ^ (entry & 1 ? UINT32_C(0x82F63B78) : 0);
		table[i] = entry;
	}
	crc = ~crc;
	for (; length > 0; length--, byte++)
		crc = crc >> 8 ^ table[(crc ^ *byte) & 0xFF];
	return ~crc;
}

#endif							/* CRC32C_H */
