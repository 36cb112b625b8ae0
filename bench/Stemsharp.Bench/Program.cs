using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Stemsharp.Kernels;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Simd;
unsafe {
double peak = FmaPeak.Measure(1);
Console.WriteLine($"{KernelTier.Best.Name} peak {peak:F0}, 2 threads {FmaPeak.Measure(2):F0}");
foreach (int k in new[]{64,256,512}) {
 float* a = (float*)NativeMemory.AlignedAlloc(64*8*4*512,64); float* b=(float*)NativeMemory.AlignedAlloc(48*4*512,64); float* c=(float*)NativeMemory.AlignedAlloc(4*384,64);
 new Span<float>(a,64*8*512).Fill(0.1f); new Span<float>(b,48*512).Fill(0.2f);
 void Run<T,V>(string n) where T:struct,ISimd<V> where V:struct { for(int r=0;r<3;r++){ var w=Stopwatch.StartNew(); int reps=200; for(int i=0;i<reps;i++) for(int s=0;s<64;s++) MicroKernel<T,V>.Run(a+s*8*k,b,k,48,c,false); double g=2.0*8*48*k*64*reps/w.Elapsed.TotalSeconds*1e-9; if(r==2) Console.WriteLine($"{n} k={k} {g:F0} {g/peak:P1}"); } }
 Run<Simd512,Vector512<float>>("512"); Run<Simd256,Vector256<float>>("256"); Run<Simd128,Vector128<float>>("128");
}
}
