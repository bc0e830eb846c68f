# SPDX-License-Identifier: MIT OR Apache-2.0
#
# PoolStateUpdate of docs/examples/trading/contracts.yaml. The address and the 256-bit numbers are
# words of the struct itself, which is the fastest that the format can do: nothing is behind a
# pointer.
@0xd3c1a5f27be14a09;

struct BenchPoolState {
  address0 @0 :UInt64;
  address1 @1 :UInt64;
  address2 @2 :UInt32;
  venueId @3 :UInt16;
  hasReserve0 @4 :Bool;
  hasReserve1 @5 :Bool;
  hasLiquidity @6 :Bool;
  hasSqrtPrice @7 :Bool;
  hasTick @8 :Bool;
  tick @9 :Int32;
  blockNumber @10 :UInt64;
  originNs @11 :UInt64;
  reserve0 :group { a @12 :UInt64; b @13 :UInt64; c @14 :UInt64; d @15 :UInt64; }
  reserve1 :group { a @16 :UInt64; b @17 :UInt64; c @18 :UInt64; d @19 :UInt64; }
  liquidity :group { a @20 :UInt64; b @21 :UInt64; c @22 :UInt64; d @23 :UInt64; }
  sqrtPrice :group { a @24 :UInt64; b @25 :UInt64; c @26 :UInt64; d @27 :UInt64; }
}
