// Tokens and plans that tests need before anybody opens a page, made by the app's own code.
import { type Address, type Instruction, type KeyPairSigner, generateKeyPairSigner, lamports } from '@solana/kit';
import { getCreateAccountInstruction } from '@solana-program/system';
import { getInitializeMint2Instruction, getMintToInstruction } from '@solana-program/token';
import type { Chain } from '../../src/chain/chain';
import { customCluster } from '../../src/chain/cluster';
import * as instructions from '../../src/chain/instructions';
import { rpcChain } from '../../src/chain/rpcChain';
import { TOKEN_PROGRAM, associatedTokenAccount } from '../../src/chain/token';
import { prepare } from '../../src/chain/transaction';
import { signing } from '../../test/support/people';
import { submit } from '../../test/support/submit';
import type { Localnet } from './localnet';

export const DECIMALS = 6;
const MINT_SIZE = 82;

export const chainOf = ({ rpcUrl, wsUrl }: Localnet): Chain => rpcChain(customCluster(rpcUrl, wsUrl));

export async function send(
  chain: Chain,
  payer: KeyPairSigner,
  list: readonly Instruction[],
  ...others: KeyPairSigner[]
): Promise<void> {
  const prepared = await prepare(chain, { payer: payer.address, version: 0 }, list);
  await submit(chain, [prepared], signing(payer, ...others));
}

/** A new token of which `owner` has `amount` base units. */
export async function makeToken(chain: Chain, owner: KeyPairSigner, amount: bigint): Promise<Address> {
  const key = await generateKeyPairSigner();
  const mint = key.address;
  const account = await associatedTokenAccount(owner.address, mint, TOKEN_PROGRAM);
  const list = [
    getCreateAccountInstruction({
      payer: owner,
      newAccount: key,
      lamports: lamports(await chain.rent(MINT_SIZE)),
      space: MINT_SIZE,
      programAddress: TOKEN_PROGRAM,
    }),
    getInitializeMint2Instruction({ mint, decimals: DECIMALS, mintAuthority: owner.address }),
    instructions.createTokenAccount(owner.address, owner.address, account, { mint, tokenProgram: TOKEN_PROGRAM }),
    getMintToInstruction({ mint, token: account, mintAuthority: owner, amount }),
  ];
  await send(chain, owner, list, key);
  return mint;
}
