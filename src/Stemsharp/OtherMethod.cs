namespace Stemsharp;

/// <summary>How the counterpart of the one stem of <see cref="StemFileOptions.TwoStems"/> is made.</summary>
public enum OtherMethod
{
    /// <summary><c>no_STEM</c>: the other stems added up.</summary>
    Add,

    /// <summary><c>minus_STEM</c>: the mix less the stem.</summary>
    Minus,

    /// <summary>It is not made.</summary>
    None,
}
