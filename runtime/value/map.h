/* SPDX-License-Identifier: Apache-2.0 */
/* What map functions in other files need of the maps. */
#ifndef TROUPE_VALUE_MAP_H
#define TROUPE_VALUE_MAP_H

#include <troupe/value.h>

/* Make the map in *slot writable and give its entry for the key; NULL when it has none, or when there was no memory:
 * then *slot is invalid. */
tr_entry *map_own_entry(tr_value *slot, tr_value key);

/* Append an entry whose key is known not to be there. Takes all. */
tr_value map_insert(tr_value map, tr_value key, tr_value value);

/* A map with the keys of `shape` (a map, borrowed) and a value for each (taken), in its order. Invalid when one of them
 * is, or without memory. */
tr_value map_like(tr_value shape, const tr_value *values);

#define MAP_NO_PLACE UINT32_MAX
/* Where the entry of this key stands; MAP_NO_PLACE. */
uint32_t map_place(tr_value map, tr_value key);

#endif
