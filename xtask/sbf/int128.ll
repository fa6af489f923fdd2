; LLVM 23 calls these for 128-bit arithmetic with each i128 in two registers and the result in R0 and R2. rustc 1.95
; cannot express that convention, so they forward to plain functions of programs/earnout/src/int128.rs, which take words
; and write their results through a pointer: quotient first, then remainder.
target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "bpfel"

declare void @__earnout_multiply(ptr, i64, i64, i64, i64)
declare void @__earnout_divide(ptr, i64, i64, i64, i64)

define i128 @__multi3(i128 %a, i128 %b) {
  %out = alloca i128, align 16
  %al = trunc i128 %a to i64
  %as = lshr i128 %a, 64
  %ah = trunc i128 %as to i64
  %bl = trunc i128 %b to i64
  %bs = lshr i128 %b, 64
  %bh = trunc i128 %bs to i64
  call void @__earnout_multiply(ptr %out, i64 %al, i64 %ah, i64 %bl, i64 %bh)
  %r = load i128, ptr %out, align 16
  ret i128 %r
}

define i128 @__udivti3(i128 %n, i128 %d) {
  %out = alloca [2 x i128], align 16
  %nl = trunc i128 %n to i64
  %ns = lshr i128 %n, 64
  %nh = trunc i128 %ns to i64
  %dl = trunc i128 %d to i64
  %ds = lshr i128 %d, 64
  %dh = trunc i128 %ds to i64
  call void @__earnout_divide(ptr %out, i64 %nl, i64 %nh, i64 %dl, i64 %dh)
  %r = load i128, ptr %out, align 16
  ret i128 %r
}

define i128 @__umodti3(i128 %n, i128 %d) {
  %out = alloca [2 x i128], align 16
  %nl = trunc i128 %n to i64
  %ns = lshr i128 %n, 64
  %nh = trunc i128 %ns to i64
  %dl = trunc i128 %d to i64
  %ds = lshr i128 %d, 64
  %dh = trunc i128 %ds to i64
  call void @__earnout_divide(ptr %out, i64 %nl, i64 %nh, i64 %dl, i64 %dh)
  %at = getelementptr i128, ptr %out, i64 1
  %r = load i128, ptr %at, align 16
  ret i128 %r
}

; Signed ones divide the absolute values; the quotient is negative if one operand is, the remainder if the dividend is.
; x ^ s - s negates x where s is all ones and leaves it where s is zero.

define i128 @__divti3(i128 %n, i128 %d) {
  %out = alloca [2 x i128], align 16
  %nsign = ashr i128 %n, 127
  %dsign = ashr i128 %d, 127
  %nflip = xor i128 %n, %nsign
  %dflip = xor i128 %d, %dsign
  %na = sub i128 %nflip, %nsign
  %da = sub i128 %dflip, %dsign
  %nl = trunc i128 %na to i64
  %ns = lshr i128 %na, 64
  %nh = trunc i128 %ns to i64
  %dl = trunc i128 %da to i64
  %ds = lshr i128 %da, 64
  %dh = trunc i128 %ds to i64
  call void @__earnout_divide(ptr %out, i64 %nl, i64 %nh, i64 %dl, i64 %dh)
  %u = load i128, ptr %out, align 16
  %sign = xor i128 %nsign, %dsign
  %flip = xor i128 %u, %sign
  %r = sub i128 %flip, %sign
  ret i128 %r
}

define i128 @__modti3(i128 %n, i128 %d) {
  %out = alloca [2 x i128], align 16
  %nsign = ashr i128 %n, 127
  %dsign = ashr i128 %d, 127
  %nflip = xor i128 %n, %nsign
  %dflip = xor i128 %d, %dsign
  %na = sub i128 %nflip, %nsign
  %da = sub i128 %dflip, %dsign
  %nl = trunc i128 %na to i64
  %ns = lshr i128 %na, 64
  %nh = trunc i128 %ns to i64
  %dl = trunc i128 %da to i64
  %ds = lshr i128 %da, 64
  %dh = trunc i128 %ds to i64
  call void @__earnout_divide(ptr %out, i64 %nl, i64 %nh, i64 %dl, i64 %dh)
  %at = getelementptr i128, ptr %out, i64 1
  %u = load i128, ptr %at, align 16
  %flip = xor i128 %u, %nsign
  %r = sub i128 %flip, %nsign
  ret i128 %r
}
